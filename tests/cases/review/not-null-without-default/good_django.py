from django.db import migrations, models


class Migration(migrations.Migration):
    operations = [
        migrations.AddField("order", "status", models.CharField(max_length=9, db_default="new")),
        migrations.AddField("order", "note", models.TextField(null=True)),
        migrations.CreateModel(name="Line", fields=[("id", models.BigAutoField(primary_key=True))]),
        migrations.AddField("line", "order", models.ForeignKey("shop.order", on_delete=models.CASCADE)),
    ]
