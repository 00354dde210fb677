from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    operations = [AddIndexConcurrently(model_name="order", index=models.Index(fields=["status"], name="o"))]
