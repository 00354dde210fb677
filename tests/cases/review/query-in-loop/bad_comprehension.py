def show(orders):
    return [Customer.objects.get(id=order.customer_id) for order in orders]
