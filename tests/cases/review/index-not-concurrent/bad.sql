SET lock_timeout = '2s';
CREATE INDEX orders_status ON public.orders (status);
