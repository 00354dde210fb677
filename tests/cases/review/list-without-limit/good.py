from fastapi import APIRouter, Depends, HTTPException

from .deps import get_current_user, get_db

router = APIRouter()


@router.get("/orders")
def orders(limit: int = 20, db=Depends(get_db)):
    return db.query(Order).limit(min(limit, 100)).all()


@router.get("/orders/{order_id}/lines")
def lines(order_id: int, db=Depends(get_db)):
    return db.query(Line).filter_by(order_id=order_id).all()
