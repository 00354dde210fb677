from fastapi import APIRouter, Depends

from .deps import CurrentUser, verify_token

router = APIRouter(dependencies=[Depends(verify_token)])


@router.get("/orders")
def read(user: CurrentUser):
    return user.orders(limit=10)


@router.delete("/orders/{order_id}")
def remove(order_id: int):
    return None
