from fastapi import APIRouter, Depends, HTTPException

from .deps import get_current_user, get_db

router = APIRouter()


@router.get("/orders/count")
def count(db=Depends(get_db)):
    try:
        return db.count()
    except KeyError:
        return {"count": 0}
    except Exception as error:
        raise HTTPException(500) from error
