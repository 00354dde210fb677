async def show(session, orders):
    found = []
    for order in orders:
        found.append(await session.get(Customer, order.customer_id))
    return found
