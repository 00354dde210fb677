from rest_framework.permissions import IsAuthenticated
from rest_framework.viewsets import ModelViewSet


class Orders(ModelViewSet):
    permission_classes = [IsAuthenticated]


class Invoices(ModelViewSet):
    permission_classes = [IsAuthenticated]
