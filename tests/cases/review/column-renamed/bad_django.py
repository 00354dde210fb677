from django.db import migrations


class Migration(migrations.Migration):
    operations = [migrations.RenameField(model_name="order", old_name="name", new_name="title")]
