import t from 'tap';
import { positionOf } from '../../src/report/position.js';

const positionIn = (tags: Record<string, string>) => {
  const found = positionOf(new Map(Object.entries(tags)), '/home/ci/shop');
  return found === null ? null : `${found.file} ${found.line}`;
};

t.test('finds file and line in the tags of frameworks, relative to the working folder', (t) => {
  t.equal(positionIn({ source_location: "app/models/order.rb:12:in 'find'" }), 'app/models/order.rb 12');
  t.equal(positionIn({ source_location: '/home/ci/shop/app/x.py:7' }), 'app/x.py 7');
  t.equal(positionIn({ source_location: '/home/ci/shopping/x.py:7' }), '/home/ci/shopping/x.py 7');
  t.equal(positionIn({ line: './app/x.rb:3:9' }), 'app/x.rb 3');
  t.equal(positionIn({ file: 'C:\\shop\\Orders.cs:3' }), 'C:\\shop\\Orders.cs 3');
  t.equal(positionIn({ file: 'orders.go', line: '41' }), 'orders.go 41');
  t.equal(positionIn({ 'code.filepath': 'src/orders.ts', 'code.lineno': '5' }), 'src/orders.ts 5');
  t.equal(positionIn({ 'code.file.path': 'src/orders.ts', 'code.line.number': '5' }), 'src/orders.ts 5');
  t.end();
});

t.test('takes no other integer for a column position', (t) => {
  for (const value of [
    '', 'orders', 'orders.rb', 'orders.rb:', 'orders.rb:0', 'orders.rb:1.5', 'orders.rb:12a', 'localhost:3306',
    'http://db.example.com:3306/x', 'a\n.rb:1', 'a\u001b.rb:1', `${'a'.repeat(500)}.rb:1`, '10.0.0.7:51234',
  ]) t.equal(positionIn({ source_location: value }), null, JSON.stringify(value));
  t.equal(positionIn({ file: 'a.rb', line: '0' }), null);
  t.equal(positionIn({ file: 'a\u001b', line: '1' }), null);
  t.end();
});
