import type { CoreFunction, Flat } from './store.ts';

/** Returns a call of `core` with the first `count` values of `flat`. */
export function spread(core: CoreFunction, count: number, flat: readonly Flat[]): () => unknown {
  const at = (n: number): Flat => flat[n] ?? 0;
  switch (count) {
    case 0:
      return () => core();
    case 1:
      return () => core(at(0));
    case 2:
      return () => core(at(0), at(1));
    case 3:
      return () => core(at(0), at(1), at(2));
    case 4:
      return () => core(at(0), at(1), at(2), at(3));
    case 5:
      return () => core(at(0), at(1), at(2), at(3), at(4));
    case 6:
      return () => core(at(0), at(1), at(2), at(3), at(4), at(5));
    case 7:
      return () => core(at(0), at(1), at(2), at(3), at(4), at(5), at(6));
    case 8:
      return () => core(at(0), at(1), at(2), at(3), at(4), at(5), at(6), at(7));
    case 9:
      return () => core(at(0), at(1), at(2), at(3), at(4), at(5), at(6), at(7), at(8));
    case 10:
      return () => core(at(0), at(1), at(2), at(3), at(4), at(5), at(6), at(7), at(8), at(9));
    default:
      return () => core(...flat.slice(0, count));
  }
}

/** Returns a core function of fixed arity, so that V8 needs no adaptor, that fills `flat`. */
export function gather(run: () => unknown, count: number, flat: Flat[]): CoreFunction {
  switch (count) {
    case 0:
      return () => run();
    case 1:
      return (a = 0) => {
        flat[0] = a;
        return run();
      };
    case 2:
      return (a = 0, b = 0) => {
        flat[0] = a;
        flat[1] = b;
        return run();
      };
    case 3:
      return (a = 0, b = 0, c = 0) => {
        flat[0] = a;
        flat[1] = b;
        flat[2] = c;
        return run();
      };
    case 4:
      return (a = 0, b = 0, c = 0, d = 0) => {
        flat[0] = a;
        flat[1] = b;
        flat[2] = c;
        flat[3] = d;
        return run();
      };
    case 5:
      return (a = 0, b = 0, c = 0, d = 0, e = 0) => {
        flat[0] = a;
        flat[1] = b;
        flat[2] = c;
        flat[3] = d;
        flat[4] = e;
        return run();
      };
    case 6:
      return (a = 0, b = 0, c = 0, d = 0, e = 0, f = 0) => {
        flat[0] = a;
        flat[1] = b;
        flat[2] = c;
        flat[3] = d;
        flat[4] = e;
        flat[5] = f;
        return run();
      };
    case 7:
    case 8:
    case 9:
    case 10:
      return (a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0, i = 0, j = 0) => {
        flat[0] = a;
        flat[1] = b;
        flat[2] = c;
        flat[3] = d;
        flat[4] = e;
        flat[5] = f;
        flat[6] = g;
        flat[7] = h;
        flat[8] = i;
        flat[9] = j;
        return run();
      };
    default:
      return (...args) => {
        for (let n = 0; n < count; n += 1) flat[n] = args[n] ?? 0;
        return run();
      };
  }
}
