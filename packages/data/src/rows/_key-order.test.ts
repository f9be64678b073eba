import fc from 'fast-check';
import { expect, it } from 'vitest';
import { KeyOrder } from './_key-order.js';

const orderOf = (...lists: readonly string[]) => {
  const order = new KeyOrder();
  const changes = lists.map((list) => order.add([...list]));
  return [order.names.join(''), changes];
};

it('puts names in the order of the lists', () => {
  expect(orderOf('rc', 'rct', 'rcnt')).toEqual(['rcnt', [true, true, true]]);
  // b, then a and c together, then all three: each list keeps its order.
  expect(orderOf('rb', 'rac', 'rabc', 'rc')).toEqual(['rabc', [true, true, true, false]]);
  expect(orderOf('cr', 'ct', 'rt')).toEqual(['crt', [true, true, false]]);
});

it('keeps the first order when lists contradict each other', () => {
  expect(orderOf('rc', 'cr', 'crx')).toEqual(['rcx', [true, false, true]]);
  expect(orderOf('ab', 'bc', 'ca')).toEqual(['abc', [true, true, false]]);
});

it('keeps the order of all lists that are parts of one', () => {
  const parts = fc.array(fc.subarray([...'abcdefg'], { minLength: 1 }), { minLength: 1, maxLength: 9 });
  fc.assert(
    fc.property(parts, (lists) => {
      const order = new KeyOrder();
      for (const list of lists) order.add(list);
      for (const list of lists) expect(order.names.filter((name) => list.includes(name))).toEqual(list);
    }),
  );
});

it('keeps the order of a list that agreed with the order when it came, whatever comes later', () => {
  const order = new KeyOrder();
  for (const list of [['tools'], ['x'], ['reasoning'], ['x', 'reasoning'], ['reasoning', 'tools']]) order.add(list);
  expect(order.names).toEqual(['x', 'reasoning', 'tools']);
});
