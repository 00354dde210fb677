from rest_framework.permissions import AllowAny, IsAuthenticated
from rest_framework.viewsets import ModelViewSet


class Orders(ModelViewSet):
    permission_classes = [IsAuthenticated]


class Invoices(ModelViewSet):
    permission_classes = [AllowAny]
