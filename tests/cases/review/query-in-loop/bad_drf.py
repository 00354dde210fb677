from rest_framework import serializers


class OrderSerializer(serializers.Serializer):
    lines = serializers.SerializerMethodField()

    def get_lines(self, order):
        return Line.objects.filter(order=order).count()
