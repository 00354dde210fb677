from fastapi import APIRouter, Request

router = APIRouter()


@router.post("/users")
async def create(request: Request, user: UserIn):
    data = await request.json()
    for key, value in data.items():
        if key in {"name", "email"}:
            setattr(user, key, value)
    return User(name=data["name"]), UserSchema(**data), User(**user.model_dump())
