from django.db import migrations, models


class Migration(migrations.Migration):
    operations = [migrations.AddField("order", "status", models.CharField(max_length=9, default="new"))]
