async def show(session, orders, batches):
    ids = [order.customer_id for order in orders]
    found = await session.execute(select(Customer).where(Customer.id.in_(ids)))
    for batch in batches:
        await session.execute(select(Customer).where(Customer.id.in_(batch)))
    for order in orders:
        await session.execute(insert(Line).values(order_id=order.id))
        settings.get("x")
    return found
