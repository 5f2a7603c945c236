// What the reference leaves out: of every export, and of its members, what it is, what it takes and gives (arrays with their
// axes), and what it refuses. An export whose type is another one of ours is said by that one.
import { ReflectionKind as Kind, ReflectionType } from 'typedoc';
import { sourceOf } from './declarations.mjs';

const CALLABLE = Kind.Function | Kind.Method | Kind.Constructor;
const NUMBERS = /^(?:Float(?:32|64)Array|Int32Array|Uint\d+Array|Floats|Integers|ArrayLike|Nested\w*|NestedNumbers)$/;
/** Axes in brackets, or words for what there is one of. */
const AXES =
  /\[[^\]]+\]|\b(?:per|each|every|by (?:head|layer|position|token|step|row|name|segment|period|tensor)s?|one (?:a|an|for|of|per)|row-major|in the order of|as many as|of all|axes|in any order|bytes)\b/i;
/** What the entries of a flat list are. */
const ENTRIES =
  /\b(?:tokens?|positions?|queries|places|periods?|steps?|heads?|layers?|sequences|values|numbers?|strides|name|ascending)\b/i;
const REFUSES = /\bthrow\b|\b(?:check[A-Z]\w*|must|refuse\w*)\(/;

const textOf = (comment) =>
  [...(comment?.summary ?? []), ...(comment?.blockTags ?? []).flatMap((tag) => tag.content)]
    .map(({ text }) => text)
    .join('');

/** Whether a type is one of ours, which has its own entry; through promises, lists and what is read only. */
function isOurs(type) {
  if (!type) return false;
  if (type.type === 'array') return isOurs(type.elementType);
  if (type.type === 'typeOperator') return isOurs(type.target);
  if (type.type === 'union') return type.types.every((one) => isOurs(one) || isPlain(one));
  if (
    type.type === 'reference' &&
    /^(?:Promise|Readonly|ReadonlyArray|Partial|Pick|Omit|Extract)$/.test(type.name) &&
    !type.reflection
  )
    return isOurs(type.typeArguments?.[0]);
  if (type.type === 'intersection') return type.types.every((one) => isOurs(one) || one.type === 'reflection');
  return type.type === 'reference' && type.reflection !== undefined && !NUMBERS.test(type.name);
}

/** Whether a class is an Error; whether something is somebody else's, which is documented there. */
const isError = ({ extendedTypes = [] }) => extendedTypes.some(({ name }) => /Error$/.test(name));
const isForeign = (project, reflection) =>
  !/^@induction-lab/.test(project.getSymbolIdFromReflection(reflection)?.packageName ?? '@induction-lab');

/** What needs no words: nothing, and literals, which say themselves. */
const isPlain = (type) =>
  type === undefined ||
  (type.type === 'typeOperator' && isPlain(type.target)) ||
  (type.type === 'array' && isPlain(type.elementType)) ||
  type.type === 'literal' ||
  (type.type === 'intrinsic' && /^(?:void|undefined|null|never|this)$/.test(type.name));

/** Whether it is a list of plain numbers, which has no axes but what its entries are. */
function isFlat(type) {
  if (type?.type === 'typeOperator') return isFlat(type.target);
  if (type?.type === 'union') return type.types.filter(hasAxes).every(isFlat);
  return type?.type === 'array' && type.elementType.name === 'number';
}

const saysShape = (type, text) => AXES.test(text) || (isFlat(type) && ENTRIES.test(text));

/** Whether a type holds numbers in an order. */
function hasAxes(type) {
  if (!type) return false;
  if (type.type === 'array') return type.elementType.name === 'number' || hasAxes(type.elementType);
  if (type.type === 'typeOperator') return hasAxes(type.target);
  if (type.type === 'union') return type.types.some(hasAxes);
  if (type.type !== 'reference') return false;
  return (
    NUMBERS.test(type.name) ||
    (/^(?:Promise|Readonly|ReadonlyArray)$/.test(type.name) && (type.typeArguments ?? []).some(hasAxes))
  );
}

/** A sentence for each gap. */
export function gapsOf(project) {
  const gaps = [];
  const say = (path, what) => gaps.push(`${path}: ${what}`);

  function callable(reflection, path) {
    if (reflection.kind === Kind.Constructor && isError(reflection.parent)) return; // a message, and its cause
    for (const signature of reflection.signatures ?? []) {
      const own = signature.comment;
      const text = textOf(own);
      if (reflection.kind !== Kind.Constructor && text === '') say(path, 'says nothing of itself');
      for (const parameter of signature.parameters ?? []) takes(parameter, path, text);
      const { type } = signature;
      const given = type?.name === 'Promise' ? type.typeArguments?.[0] : type;
      const gives = textOf({ summary: own?.blockTags?.find(({ tag }) => tag === '@returns')?.content });
      // A docstring that begins with a noun says what there is.
      const needed =
        !/^(?:An?|The|What|Whether|How) /.test(text) &&
        reflection.kind !== Kind.Constructor &&
        !isPlain(given) &&
        !isOurs(given) &&
        gives === '';
      if (needed && hasAxes(given)) {
        if (!saysShape(given, text)) say(path, 'does not say the axes of what it gives');
      } else if (needed && !/^(?:boolean|string)$/.test(given?.name))
        say(path, 'does not say what it gives (@returns)');
      if (
        REFUSES.test(sourceOf(project, reflection)) &&
        !/\b(?:throws?|thrown|rejects?|refuses?|refused)\b/i.test(text) &&
        !own?.blockTags?.some(({ tag }) => tag === '@throws')
      )
        say(path, 'does not say what it throws');
    }
  }

  function takes(parameter, path, whole) {
    const name = `${path}(${parameter.name})`;
    const type = parameter.type ?? parameter.signatures?.[0]?.type;
    const text = textOf(parameter.comment);
    if (text === '' && type instanceof ReflectionType && type.declaration.children) {
      for (const property of type.declaration.children) takes(property, name, whole);
      return;
    }
    const named = text !== '' || new RegExp(`\`${parameter.name.replace(/^_+/, '')}\``).test(whole);
    if (isOurs(type) || isPlain(type)) return;
    if (!named) say(name, 'is not said (@param)');
    else if (hasAxes(type) && !saysShape(type, text === '' ? whole : text)) say(name, 'does not say its axes');
  }

  function property(reflection, path, owner = '') {
    const type = reflection.type ?? reflection.getSignature?.type;
    const text = textOf(reflection.comment ?? reflection.getSignature?.comment);
    // An object in place that has words of its own is said by them.
    if (text === '' && type instanceof ReflectionType && type.declaration.children?.length)
      for (const inner of type.declaration.children) property(inner, `${path}.${inner.name}`);
    else if (text === '') {
      if (!isOurs(type) && !isPlain(type) && !owner.includes(`\`${reflection.name}\``)) say(path, 'is not said');
    } else if (hasAxes(type) && !saysShape(type, text)) say(path, 'does not say its axes');
  }

  function visit(reflection, path, owner = '') {
    if (reflection.kindOf(Kind.Reference) || reflection.flags.isInherited || isForeign(project, reflection)) return;
    if (reflection.kindOf(CALLABLE)) return callable(reflection, path);
    if (reflection.kindOf(Kind.Property | Kind.Accessor)) return property(reflection, path, owner);
    if (textOf(reflection.comment) === '') say(path, 'says nothing of itself');
    const { type } = reflection;
    for (const child of reflection.children ?? []) visit(child, `${path}.${child.name}`, textOf(reflection.comment));
    if (type instanceof ReflectionType)
      for (const child of type.declaration.children ?? []) visit(child, `${path}.${child.name}`);
  }

  for (const module of project.children) {
    if (textOf(module.comment) === '') say(module.name, 'does not say what this room holds (@module)');
    for (const child of module.children ?? [])
      visit(child, `${module.name.replace('@induction-lab/', '')} ${child.name}`);
  }
  return gaps;
}
