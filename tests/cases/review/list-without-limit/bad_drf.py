from rest_framework.viewsets import ReadOnlyModelViewSet


class Orders(ReadOnlyModelViewSet):
    pagination_class = None
