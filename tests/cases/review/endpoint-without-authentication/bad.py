from fastapi import APIRouter, Depends, HTTPException

from .deps import get_current_user, get_db

router = APIRouter()


@router.get("/orders/{order_id}")
def read(order_id: int, user=Depends(get_current_user), db=Depends(get_db)):
    return db.find_order(order_id, user)


@router.delete("/orders/{order_id}")
def remove(order_id: int, db=Depends(get_db)):
    db.remove_order(order_id)
