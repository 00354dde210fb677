CLUSTER orders USING i;
