select 1 from t where -1 having -1
select 1 from t join u on -1 group by -1 order by -1
select @a := -1
select trim(-1 from -1), substring('a' from -1 for -1), trim(both -1 from -2)
select distinct -1
select all -1
select sql_no_cache -1
select high_priority -1
select sql_calc_found_rows -1
select straight_join -1
select /*+ max_execution_time(1) */ -1
do -1
kill -1
select a xor -1, a sounds like -1, a << -1, a >> -1, a % -1, a mod -1, a div -1, a ^ -1, a & -1, a | -1, a * -1, a / -1, a + -1, a - -1, binary -1, a rlike -1, a not like -1, a >= -1, a <= -1, a < -1, a != -1, a && -1
select case -1 when -1 then -1 else -1 end
select a from t qualify -1
update t set a = -1 where a = -1
set @a = -1, sql_mode = -1, global max_connections := -1
insert into t set a = -1
insert into t values (1) on duplicate key update a = -1
insert into t select -1
create table t (a int default -1)
create event e on schedule every -1 day starts -1 ends -1 do select 1
create event e on schedule at -1 do select 1
select a from t order by +1
select a from t order by 1.0, 0x1, '1', (1), 1+0, 2 asc, 3 desc, a+1, 4
select a from t group by 1, a, 2 with rollup
select a from t group by rollup (1, 2)
select a from t group by cube (1, 2)
select a from t order by f(1,2), 3
select a from t order by (select 1 from u order by 1, 2 limit 1, 2), 3 limit 4, 5
select group_concat(a order by 1, 2 separator ','), row_number() over (partition by 1, 2 order by 3 rows 1 preceding) from t
select a from t group by 1 union select 1, 2
update t set a=1 order by 1 limit 1
select a from t order by 4294967295, 4294967296, 0, 00002
(select a from t order by 1) order by 2
select a from t order by 1 for update
select a from t group by 1 having count(*) > 1 order by 2 limit 3
select a from t order by null
select a from t order by null, null
select a from t window w as (order by 1)
select a from t order by 1 into @a, @b
prepare s from 'select 1'
execute s using @a, @b
select 1;
select a collate utf8mb4_bin, _utf8mb4 'x' collate utf8mb4_bin, _latin1 x'41', _foo 'x', n'abc', _binary 'x'
alter table t alter column a set default null, modify a int null default null
create table t (a int null, b int(1) null, c varchar(2) character set utf8mb4 null, d int auto_increment null, e timestamp null default null on update current_timestamp)
create table t (a int) partition by list (a) (partition p values in (null, 1, 2), partition q values in (3))
create table t (a int) partition by range (a) (partition p values less than (1), partition q values less than (maxvalue))
insert into t values row(null, 1), row(1, null)
insert into t values (null), (1), (null)
insert into t (a) values (1),(null, 1)
insert into t () values (), ()
insert into t values (1, 'x'), (2, default), (3, 'y'), (4, 'z')
select distinct null
select * from json_table('x', '$[*]' columns (a int path '$' null on empty null on error)) as j
do null
select /*+ bka(t) */ null
select sql_no_cache null
delete from t where a <=> null
select `a``b`, `null`, `select`
select /*+ JOIN_ORDER(@qb1 t1, t2@qb2) */ 1
select /*+ INDEX(t1 i1, i2) NO_BKA() SET_VAR(a=-1) SET_VAR(b=16M) max_execution_time(5) */ 1
select /*+ nonsense(t1) */ 1
select /*+ BKA(t1) nonsense(t1) NO_BKA(t2) */ 1
select /*+ MAX_EXECUTION_TIME(1000 */ 1
select /*+ */ 1
insert /*+ SET_VAR(a=1) */ into t values (1)
select 1 from (select /*+ BKA(t) */ 2) x
select /* c */ /*+ BKA(t) */ 1
select /*+ BKA(t) */ /*+ BKA(u) */ 1
select a order by 0x1
select a order by '1'
select a order by 1.0
select 1 order by 1 limit 1,2
select _utf8 'a', _utf8mb3'b', _utf8mb4 0x41
select 1 as "x", 2 as 'y', 3 as z, 4 `w`
select a.*, `b`.* from a, `b`
select t.1e5 from t
select `t`.select from t
select count(*), count( * ), Sum(a) from t
select count(distinct a, b) from t
select user, user(), current_user(), current_user from mysql.user
select 1 from t where a = 'x' and b = "y"
select 1 from t where a = 'it''s' and b = 'it\'s'
select 0b101, b'1', B'0', X'4d', 0xFF, 0b12
select 1e5, 1E+5, 1e-5, 1.5e5, .5e5, 1e, 1a
select !a, not a, ~a, -a
select `a` from `T` where `A` = 5
select a from T where A = 5
select a from T where a = 5
select date '2020-01-01', time'10:00', {d '2020-01-01'}
select json_value(a, '$.x' returning signed) from t
select json_value(a, '$.x' returning signed null on empty null on error) from t
select interval(1,2,3), interval 1 + 2 day + a
select cast(a as signed integer), cast(a as unsigned), convert(a, char), convert(a using utf8mb4) from t
select * from t where a in (select b from u where c in (1,2,3))
select * from t where a in (1,2,3) and b in (-1) and c not in ('a') and d in (1, a)
select * from t where (a,b) in ((1,2),(3,4),(5,6)) and c in ((1),(2))
select * from t1 left join t2 on t1.a = t2.a where t2.b is null
select sql_calc_found_rows a from t
select straight_join a from t
select 1 union all select 2 union distinct select 3
select year(a), month(a), day(a), week(a), quarter(a), second(a) from t
select left(a, 1), right(a,2), mod(a,2), a mod 2, repeat('x', 3), replace(a,'x','y'), insert(a,1,2,'x'), if(a,1,2) from t
update t set a = a + 1, b = null, c = default where id = 5
update t set a=1,b='x' where id in (1,2,3) order by id limit 1
delete from t where id = 7 limit 1
replace into t (a,b) values (1,'x')
insert ignore into t (a,b) values (1,'x'),(2,'y') on duplicate key update b = values(b), c = 5
insert into t values (1, now(), 'x'), (2, now(), 'y')
insert into t values ((1), (2)), ((3), (4))
load data infile 'x' into table t fields terminated by ',' lines terminated by '\n' ignore 1 lines (a,b)
lock tables t read
lock table t write
unlock tables
start transaction
begin
begin work
commit
rollback
rollback to savepoint a
set autocommit=0
set names utf8mb4 collate utf8mb4_bin
set character set utf8mb4
set session transaction isolation level read committed
set global max_connections = 100
set @@session.sql_mode = 'x', @@global.max_connections = 1, @x = 2
show variables like 'x'
show full columns from t like 'x'
show full fields from t
show index from t
show keys from t
show indexes in t
show databases
show schemas
show create table t
show table status from db like 'x'
show processlist
show full processlist
show warnings limit 5
show count(*) warnings
alter table t add column c int null default null comment 'x' after b
alter table t add index i (a, b(10))
alter table t drop key i, rename to u
create index i on t (a desc, b)
create table if not exists t (id bigint unsigned not null auto_increment primary key, a enum('x','y') default 'x', b decimal(10,2), key k (a,b)) engine=InnoDB default charset=utf8mb4 collate utf8mb4_bin comment='c'
create temporary table t like u
create table t as select 1
drop table if exists a, b
truncate table t
truncate t
create or replace view v as select 1
create user 'x'@'%' identified with caching_sha2_password by 'y'
grant select, insert on db.* to 'x'@'%'
grant all privileges on *.* to x
flush privileges
kill query 5
kill 5
explain select 1 from t where a = 1
explain format=json select 1
explain analyze select 1
analyze table t
optimize table t
call p(1, 'x', @y)
do sleep(5)
handler t open
handler t read first limit 5
xa start 'a','b',1
prepare s from @x
execute s
deallocate prepare s
drop prepare s
values row(1,2),row(3,4) order by 1 limit 1
table t order by 1 limit 1
with recursive c (n) as (select 1 union all select n+1 from c where n < 5) select * from c
with x as (select 1) update t set a = 1
select a into @x from t
select a from t into outfile '/tmp/x' fields terminated by ','
select a, row_number() over (order by b) from t
select a, sum(b) over (partition by c order by d rows between 1 preceding and current row) from t
select lateral_x from t, lateral (select 1) x
select * from t partition (p0) as x use index (i) where a = 1
select * from t force index for join (i), u ignore index (j)
select a from t for update of t skip locked
select a from t lock in share mode
select a from t tablesample system (10)
select match (a,b) against ('x' in boolean mode) from t
select group_concat(distinct a order by b desc separator ';') from t
select exists(select 1), not exists (select 2), a = all (select 3), a > any (select 4), a > some (select 5) from t
select case a when 1 then 'x' else null end case_ from t
select position('a' in b), locate('a', b), substring(a, 1, 2), substr(a,1,2), mid(a,1,2), substring(a from 1 for 2) from t
select std(a), stddev(a), stddev_pop(a), variance(a), var_pop(a), stddev_samp(a) from t
select char(1,2), char(65 using utf8mb4), ascii('a'), schema(), database() from t
select a regexp 'x', a rlike 'y', a not regexp 'z' from t
select 1 -- comment
select 1 # comment
select 1/* c */+2
select 1--1
select 1 -- 1
select /*!40001 SQL_NO_CACHE */ * from t
select /*! straight_join */ a from t
select /*!50000 a */ from t
select /*!050000 a */ from t
select /*!50000 a /* nested */ b */ from t
select 1 /*M!100100 + 2 */
select @@version_comment limit 1
select @@global.`sql_mode`, @@session.autocommit, @@port
select @@`sql_mode`
select @a, @b, @`c`, @'d', @"e", @$f, @g.h
select a from db.t
select a from `db`.`t`
select a from db . t
select 'a' 'b'
select n'a' 'b'
select "a""b"
select ''
select `é`, é from t
select a from t where b = 'é'
select distinct a, b from t
select distinctrow a, b from t
select all a, b from t
select a b, c as d from t e, u as f
select * from t natural join u cross join v inner join w using (a,b) left outer join x on 1=1
select a from (select 1 as a union select 2) t
select (1,2) = (3,4), row(1,2) = row(3,4), (a,1)
select a from t group by a with rollup having a > 1 order by a desc, b asc limit 5 offset 3
select 1.0, -1.0, +1.5, 1e-3 - 2, a -1, a - -1, (a) -1, f(a)-1, 1 -1
select 5 % 2, 5 mod 2, 5 div 2
select 1 from t group by a, b with rollup
select geometrycollection(a), point(1,2), linestring(a,b) from t
show replicas
show binary logs
show replica status
alter table t add column a double precision, add b long varchar, add c character varying(10), add d national char(3), add e nchar(3), add f long
alter table t add fulltext index i (a), add spatial index j (b), add unique (c), add constraint k check (a > 1)
select sql_small_result sql_big_result sql_buffer_result a from t
select json_arrayagg(a), json_objectagg(a, b), json_object('a', 1) from t
select date_add(a, interval 1 day), date_sub(a, interval 1 hour), adddate(a, 1), subdate(a, 1), timestampadd(second, 1, a), timestampdiff(minute, a, b), a + interval 1 sql_tsi_second from t
select extract(year from a), extract(day_hour from a), get_format(date, 'usa') from t
select user(), session_user(), system_user(), current_user from t
select localtime, localtime(), localtimestamp(3), current_timestamp(3), now(3), sysdate(), curdate(), curtime(), utc_date(), utc_time() from t
select values(a) from t
select cume_dist() over w, dense_rank() over w, rank() over w, ntile(4) over w, lag(a, 1) over w, lead(a) over w, first_value(a) over w, nth_value(a, 2) over w from t window w as (partition by b)
select weight_string(a as char(3)), binary a, a collate utf8mb4_bin, a sounds like b, a member of ('[1]') from t
create procedure p(in a int, out b int, inout c int) begin declare x int default 0; declare continue handler for not found set x = 1; while x < 5 do set x = x + 1; end while; if x = 1 then select 1; elseif x = 2 then select 2; else select null; end if; end
create function f(a int) returns int deterministic return null
create trigger g before insert on t for each row set new.a = null
create event e on schedule every 1 day do delete from t
create table t (a int generated always as (b + 1) virtual, c json, d geometry srid 4326, key ((a + 1)))
alter table t partition by hash(a) partitions 4
signal sqlstate '45000' set message_text = 'x'
get diagnostics @a = number
change replication source to source_host = 'x', source_port = 1
purge binary logs to 'x'
grant usage on *.* to 'a'@'b', c@d, `e`@`f`, g
set password for 'a'@'b' = 'c'
set role none
set default role r to u
alter user u identified by 'x' password expire never account lock
select a.b.c, `a`.`b`.`c`, a.`b`, `a`.b, status.a, name.`x`, `x`.name, t.status from t
select `auth_user`.`id`, `auth_user`.`username` from `auth_user` where (`auth_user`.`username` = 'admin' and not (`auth_user`.`email` is null)) limit 21
SELECT SQL_CALC_FOUND_ROWS  wp_posts.ID FROM wp_posts  WHERE 1=1  AND ((wp_posts.post_type = 'post' AND (wp_posts.post_status = 'publish' OR wp_posts.post_status = 'private')))  ORDER BY wp_posts.post_date DESC LIMIT 0, 10
/* mysql-connector-java-8.0.33 (Revision: abc) */SELECT  @@session.auto_increment_increment AS auto_increment_increment, @@character_set_client AS character_set_client, @@sql_mode AS sql_mode
select LOGFILE_GROUP_NAME, FILE_NAME, TOTAL_EXTENTS, INITIAL_SIZE, ENGINE, EXTRA from INFORMATION_SCHEMA.FILES where ENGINE = 'ndbcluster' and FILE_TYPE = 'UNDO LOG' group by LOGFILE_GROUP_NAME order by LOGFILE_GROUP_NAME
SELECT c FROM sbtest1 WHERE id=4711
SELECT SUM(k) FROM sbtest1 WHERE id BETWEEN 4711 AND 4810
SELECT DISTINCT c FROM sbtest1 WHERE id BETWEEN 4711 AND 4810 ORDER BY c
UPDATE sbtest1 SET k=k+1 WHERE id=12
INSERT INTO sbtest1 (id, k, c, pad) VALUES (5018, 4988, '68487932199-96439406143', '23183251411-36241541236')
INSERT INTO `users` (`name`, `age`, `email`) VALUES ('a', 1, NULL), ('b', -2, 'x@y'), ('c', 3.5, NULL)
SELECT /*!40001 SQL_NO_CACHE */ * FROM `sbtest1`
SELECT '-- not a comment', "/* nor this */", '# nor this', `a -- b`, 'a''b', 'a\'b', "a""b", "a\"b", 'a\\', '' from t
select a from t where b = 'x' -- the end
select a from t where b = 'x' # the end
select a from t where b = 'x' /* the end */
select a from t where b in (1) or b in (2, 3) or b in ('x', 'y', 'z')
select a from t where b in (select c from u where d in (1, 2)) and (e, f) in ((1, 2), (3, 4))
select a from t where b = -1 or b = - 1 or b - 1 = 0 or b-1=-1 or -b = -(1)
select count(*) as status, Status, STATUS, `status` from t
select Name, name, NAME, `name` from t
select a from Tbl
select a from tbl
select A from tbl
select t.count, count, count(1), `count` from t
select now(), `now`, t.now from t
select 1 from dual where 0x41 = 'A' and x'41' = X'41' and 0b1 = b'1' and B'1' = 1
select 18446744073709551615, 18446744073709551616, 00012, 1e10, 1E-10, .5, 5., 5.e1, -.5
select $a, a$b, _a, a1, `1a`, 1a from t
