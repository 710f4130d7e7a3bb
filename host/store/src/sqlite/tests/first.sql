-- What Rota wrote with the first schema: a workspace, a decision with a turn and four effects,
-- of which one is dead, and an arrival that waits.
INSERT INTO tenants VALUES('acme',X'cd2662154e6d76b2b2b92e70c0cac3ccf534f9b74eb5b89819ec509083d00a50',2,1,2);
INSERT INTO log VALUES('acme',1,1770000000000000,'workspace','{"workspace":"acme","time_zone":"UTC","reps":[],"pools":[],"calendars":[],"tables":[],"connections":[],"sources":[],"flows":[]}');
INSERT INTO log VALUES('acme',2,1770000000000000,'decision','{"decision":{"decision":"d1","lead":"hs:contact:101","at":"2026-02-02T02:40:00Z","flow":"inbound","trigger":"created","class":"c","outcome":"assign","rep":null,"owner":null,"pool":null,"queue":null,"reason":{"code":"r","detail":""},"fallback":true,"error":"trap","error_detail":"","response_due":null,"effects":[],"plugin":null,"revision":1,"fuel":9,"repeated":false},"turn":{"pool":"na","candidates":[{"rep":"ana","weight":3},{"rep":"ben","weight":1}],"rep":"ana"}}');
INSERT INTO people VALUES(1,'acme',X'ff1c12b7556aa6634c07286d509214151b5f0bbb4cbfaaad113cf7191ec875d5');
INSERT INTO people VALUES(2,'acme',X'6f20cd6f77aac9c954d7e74ea1874c7af1e8540f62c895f8bebbe7f185e68777');
INSERT INTO private VALUES(1,'why',2,'{"person":"email:joe@big.example","detail":"detail-of-reason","error":"detail-of-error"}');
INSERT INTO private VALUES(1,'lead',2,'{"lead":{"id":"hs:contact:101","object":"contact","properties":{"email":"Joe@big.example","firstname":"Zaphod"},"owner":null,"company":null,"trigger":"manual"},"transcript":"[\"lead.text\",[\"country\"],{\"Ok\":\"US\"}]\n","notes":[{"branch":"b","detail":"detail-of-branch"}],"log":["line-of-log"]}');
INSERT INTO private VALUES(1,'effect',1,'{"id":"d1/0","connection":"hs","object":"contact","record":"101","act":{"kind":"note","body":"body-of-note","at":"2026-02-02T02:40:00Z"}}');
INSERT INTO private VALUES(1,'effect',2,'{"id":"d1/1","connection":"hs","object":"contact","record":"101","act":{"kind":"owner","rep":"ana","owner":"71","keep":true,"attempt":1}}');
INSERT INTO private VALUES(1,'effect',3,'{"id":"d1/2","connection":"hs","object":"contact","record":"101","act":{"kind":"property","name":"route","value":"value-of-property"}}');
INSERT INTO private VALUES(1,'effect',4,'{"id":"d1/3","connection":"hs","object":"contact","record":"101","act":{"kind":"task","subject":"subject-of-task","body":"body-of-task","due":"2026-02-02T02:40:09Z","owner":null}}');
INSERT INTO private VALUES(2,'arrival',1,'{"kind":"lead","lead":{"id":"web:1","object":"contact","properties":{"email":"eve@waiting.example","firstname":"Zaphod"},"owner":null,"company":null,"trigger":"manual"},"flow":null}');
INSERT INTO private VALUES(1,'cause',1,'words-of-crm');
INSERT INTO private VALUES(1,'cause',2,'words-of-retry');
INSERT INTO decisions VALUES('acme',2,'d1','hs:contact:101',1,1770000000000000,1,1,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO inbox VALUES(1,'acme',X'7d3170061ed4c1504db5bd2f97d503fd4e0717a2289509c2258be0af43e1c7ce',1770000000000000,1770000000000000,NULL,2,NULL);
INSERT INTO lanes VALUES('acme','hs','contact:101',3,1770000001000000,NULL,2);
INSERT INTO outbox VALUES(1,'acme','hs','contact:101','d1/0',2,1,'note',1,'dead',1,1770000000000000,NULL,'"rejected"');
INSERT INTO outbox VALUES(2,'acme','hs','contact:101','d1/1',2,1,'owner',1,'waiting',1,1770000001000000,NULL,NULL);
INSERT INTO outbox VALUES(3,'acme','hs','contact:101','d1/2',2,1,'property',1,'waiting',0,1770000000000000,NULL,NULL);
INSERT INTO outbox VALUES(4,'acme','hs','contact:101','d1/3',2,1,'task',1,'waiting',0,1770000000000000,NULL,NULL);
