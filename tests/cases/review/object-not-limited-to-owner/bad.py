from fastapi import APIRouter, Depends, HTTPException

from .deps import get_current_user, get_db

router = APIRouter()


@router.put("/invoices/{invoice_id}")
def change(invoice_id: int, user=Depends(get_current_user), db=Depends(get_db)):
    invoice = db.get(Invoice, invoice_id)
    invoice.paid = True
    return invoice
