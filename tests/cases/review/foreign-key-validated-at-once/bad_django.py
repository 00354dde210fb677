from django.db import migrations, models


class Migration(migrations.Migration):
    operations = [
        migrations.AddField(
            "order",
            "customer",
            models.ForeignKey("shop.customer", on_delete=models.CASCADE, null=True, db_index=False),
        ),
    ]
