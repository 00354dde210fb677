from fastapi import APIRouter, Depends, HTTPException

from .deps import get_current_user, get_db

router = APIRouter()


@router.post("/login")
def login(db=Depends(get_db)):
    return db.sign_in()


@router.get("/orders/{order_id}")
def read(order_id: int, user=Depends(get_current_user), db=Depends(get_db)):
    return db.find_order(order_id, user)


@router.delete("/orders/{order_id}", dependencies=[Depends(get_current_user)])
def remove(order_id: int, db=Depends(get_db)):
    db.remove_order(order_id)
