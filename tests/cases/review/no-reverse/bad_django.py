from django.db import migrations


def fill(apps, schema_editor):
    pass


class Migration(migrations.Migration):
    operations = [migrations.RunPython(fill)]
