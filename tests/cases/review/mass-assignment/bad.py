from fastapi import APIRouter, Request

router = APIRouter()


@router.post("/users")
async def create(request: Request):
    data = await request.json()
    return User(**data)
