from fastapi import APIRouter, Depends, HTTPException

from .deps import get_current_user, get_db

router = APIRouter()


@router.get("/orders")
def orders(db=Depends(get_db)):
    return db.query(Order).all()
