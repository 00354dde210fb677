from django.db import migrations


def fill(apps, schema_editor):
    Order = apps.get_model("shop", "Order")
    while ids := list(Order.objects.filter(status=None).values_list("id", flat=True)[:1000]):
        Order.objects.filter(id__in=ids).update(status="new")


class Migration(migrations.Migration):
    atomic = False
    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
