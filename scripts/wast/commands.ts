import { WastError } from './errors.ts';
import { type Form, type ListForm, readForms, type TextForm, textOf } from './s-expressions.ts';

/** A component as a script gives it: text for the assembler, or its bytes. */
export type ComponentSource =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'binary'; readonly bytes: Uint8Array };

/** A call of an export, of the last instance unless one is named. */
export interface Action {
  readonly instance: string | null;
  readonly name: string;
  readonly args: readonly ListForm[];
}

/** What one top-level form asks for. */
export type CommandForm =
  | {
      /** `definition` only defines, `component` instantiates as well. */
      readonly kind: 'definition' | 'component';
      readonly name: string | null;
      readonly source: ComponentSource;
    }
  | { readonly kind: 'instance'; readonly name: string | null; readonly definition: string | null }
  | { readonly kind: 'register'; readonly as: string; readonly instance: string | null }
  | { readonly kind: 'invoke'; readonly action: Action }
  | { readonly kind: 'return'; readonly action: Action; readonly expected: readonly ListForm[] }
  | { readonly kind: 'trap'; readonly of: Action | ComponentSource }
  | {
      readonly kind: 'invalid' | 'malformed' | 'unlinkable';
      readonly source: ComponentSource;
    }
  | { readonly kind: 'core' }
  | { readonly kind: 'unknown'; readonly reason: string };

/** A command with its place and its first word. */
export interface Command {
  readonly line: number;
  readonly word: string;
  readonly form: CommandForm;
}

const REFUSING: ReadonlyMap<string, 'invalid' | 'malformed' | 'unlinkable'> = new Map([
  ['assert_invalid', 'invalid'],
  ['assert_malformed', 'malformed'],
  ['assert_unlinkable', 'unlinkable'],
]);

/** Reads a script's commands. @throws WastError `WAST_SYNTAX`; a strange command is `unknown` */
export function readCommands(text: string): readonly Command[] {
  return readForms(text).map(form => {
    const word = wordOf(form);
    try {
      return { line: form.line, word, form: commandOf(asList(form), word, text) };
    } catch (error) {
      if (!(error instanceof WastError)) throw error;
      return { line: form.line, word, form: { kind: 'unknown', reason: error.message } };
    }
  });
}

function commandOf(form: ListForm, word: string, text: string): CommandForm {
  const [, first, second] = form.items;
  const refusing = REFUSING.get(word);
  if (refusing !== undefined) {
    if (wordOf(first) === 'module') return { kind: 'core' };
    return { kind: refusing, source: componentOf(asList(first), text).source };
  }
  switch (word) {
    case 'component':
      return component(form, text);
    case 'module':
      return { kind: 'core' };
    case 'register':
      return { kind: 'register', as: textOf(asText(first)), instance: identifier(second) };
    case 'invoke':
      return { kind: 'invoke', action: actionOf(form) };
    case 'assert_return': {
      const expected = form.items.slice(2).map(asList);
      return { kind: 'return', action: actionOf(asList(first)), expected };
    }
    case 'assert_trap':
    case 'assert_exhaustion': {
      const of = asList(first);
      if (wordOf(of) === 'module') return { kind: 'core' };
      if (wordOf(of) === 'invoke') return { kind: 'trap', of: actionOf(of) };
      return { kind: 'trap', of: componentOf(of, text).source };
    }
    default:
      return { kind: 'unknown', reason: `no command "${word}"` };
  }
}

function component(form: ListForm, text: string): CommandForm {
  const second = wordAt(form, 1);
  if (second === 'instance') {
    const [, , name, definition] = form.items;
    // With one name it is the instance's; the definition is the last one then.
    return { kind: 'instance', name: identifier(name), definition: identifier(definition) };
  }
  return { kind: second === 'definition' ? 'definition' : 'component', ...componentOf(form, text) };
}

/** Reads `(component definition? $name? (binary | quote)? ...)`. */
function componentOf(
  form: ListForm,
  text: string,
): { readonly name: string | null; readonly source: ComponentSource } {
  if (wordOf(form) !== 'component') throw new WastError('WAST_COMMAND', 'no component');
  let next = wordAt(form, 1) === 'definition' ? 2 : 1;
  const name = identifier(form.items[next]);
  if (name !== null) next += 1;
  const encoding = wordAt(form, next);
  if (encoding === 'binary') {
    const bytes = form.items.slice(next + 1).map(each => asText(each).bytes);
    return { name, source: { kind: 'binary', bytes: Buffer.concat(bytes) } };
  }
  if (encoding === 'quote') {
    const lines = form.items.slice(next + 1).map(each => textOf(asText(each)));
    return { name, source: { kind: 'text', text: `(component ${lines.join('\n')}\n)` } };
  }
  // The assembler knows no `definition`.
  const rest = form.items[next]?.at ?? form.end - 1;
  const head = name === null ? '(component' : `(component ${name}`;
  return { name, source: { kind: 'text', text: `${head} ${text.slice(rest, form.end)}` } };
}

function actionOf(form: ListForm): Action {
  if (wordOf(form) !== 'invoke') throw new WastError('WAST_COMMAND', 'an action is no invoke');
  const instance = identifier(form.items[1]);
  const at = instance === null ? 1 : 2;
  const name = textOf(asText(form.items[at]));
  return { instance, name, args: form.items.slice(at + 1).map(asList) };
}

function wordOf(form: Form | undefined): string {
  return form?.kind === 'list' ? wordAt(form, 0) : '';
}

function wordAt(form: ListForm, index: number): string {
  const item = form.items[index];
  return item?.kind === 'word' ? item.text : '';
}

function identifier(form: Form | undefined): string | null {
  return form?.kind === 'word' && form.text.startsWith('$') ? form.text : null;
}

function asList(form: Form | undefined): ListForm {
  if (form?.kind === 'list') return form;
  throw new WastError('WAST_COMMAND', 'a list is missing');
}

function asText(form: Form | undefined): TextForm {
  if (form?.kind === 'text') return form;
  throw new WastError('WAST_COMMAND', 'a string is missing');
}
