SET lock_timeout = '3s';
MERGE INTO boat b USING gone g ON b.id = g.id WHEN MATCHED THEN DELETE;
