from django.shortcuts import render


def orders(request):
    rows = Order.objects.filter(open=True)
    names = []
    for row in rows:
        names.append(row.customer.name)
    return render(request, "orders.html", {"names": names})
