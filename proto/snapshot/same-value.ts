/** Whether two values of the kinds that a snapshot is made of say the same: lists, plain objects and scalars. The order of keys says nothing. */
export function isSameValue(one: unknown, other: unknown): boolean {
  if (one === other) return true;
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null)
    return Object.is(one, other);
  if (Array.isArray(one)) return Array.isArray(other) && areSameLists(one, other);
  if (Array.isArray(other)) return false;
  if (one instanceof Uint8Array || other instanceof Uint8Array)
    return one instanceof Uint8Array && other instanceof Uint8Array && areSameLists(one, other);
  return areSameObjects(one as Members, other as Members); // Objects that are no lists and no bytes have members.
}

type Members = Readonly<Record<string, unknown>>;

/** By loops: a node compares ten thousand routes with those before at each change of one. */
function areSameObjects(one: Members, other: Members): boolean {
  let members = 0;
  for (const key in one) {
    members += 1;
    if (!Object.hasOwn(other, key) || !isSameValue(one[key], other[key])) return false;
  }
  for (const _ in other) members -= 1;
  return members === 0;
}

function areSameLists(one: ArrayLike<unknown>, other: ArrayLike<unknown>): boolean {
  if (one.length !== other.length) return false;
  for (let at = 0; at < one.length; at += 1) if (!isSameValue(one[at], other[at])) return false;
  return true;
}
