from fastapi import APIRouter, Depends, HTTPException

from .deps import get_current_user, get_db

router = APIRouter()


@router.put("/invoices/{invoice_id}")
def change(invoice_id: int, user=Depends(get_current_user), db=Depends(get_db)):
    invoice = db.get(Invoice, invoice_id)
    if invoice is None or invoice.owner_id != user.id:
        raise HTTPException(404)
    invoice.paid = True
    return invoice


@router.delete("/invoices/{invoice_id}")
def remove(invoice_id: int, admin=Depends(get_admin), db=Depends(get_db)):
    db.delete(db.get(Invoice, invoice_id))
