/** The arguments of a call: by position, by keyword, and by `*list` and `**dict`. */
export interface CallArguments {
  readonly positional: readonly Expression[];
  readonly keywords: readonly (readonly [name: string, value: Expression])[];
  readonly list: Expression | undefined;
  readonly dict: Expression | undefined;
}

/** An expression of a template. */
export type Expression =
  | { readonly kind: 'constant'; readonly value: null | boolean | string }
  | { readonly kind: 'integer'; readonly value: number }
  | { readonly kind: 'float'; readonly value: number }
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'list' | 'tuple'; readonly items: readonly Expression[] }
  | { readonly kind: 'dict'; readonly pairs: readonly (readonly [Expression, Expression])[] }
  | { readonly kind: 'attribute'; readonly of: Expression; readonly name: string }
  | { readonly kind: 'item'; readonly of: Expression; readonly key: Expression }
  | { readonly kind: 'slice'; readonly of: Expression; readonly parts: readonly (Expression | undefined)[] }
  | { readonly kind: 'call'; readonly of: Expression; readonly args: CallArguments }
  | {
      readonly kind: 'filter' | 'test';
      /** Undefined in the filter of a whole block. */
      readonly of: Expression | undefined;
      readonly name: string;
      readonly args: CallArguments;
    }
  | { readonly kind: 'unary'; readonly sign: '-' | '+'; readonly of: Expression }
  | { readonly kind: 'not'; readonly of: Expression }
  | { readonly kind: 'binary'; readonly sign: string; readonly left: Expression; readonly right: Expression }
  | { readonly kind: 'and' | 'or'; readonly left: Expression; readonly right: Expression }
  | { readonly kind: 'compare'; readonly first: Expression; readonly rest: readonly (readonly [string, Expression])[] }
  | { readonly kind: 'concat'; readonly items: readonly Expression[] }
  | {
      readonly kind: 'condition';
      readonly test: Expression;
      readonly yes: Expression;
      readonly no: Expression | undefined;
    };

/** The place that a value is stored in: a name, an attribute of a namespace, or several of them. */
export type Target =
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'namespace'; readonly name: string; readonly attribute: string }
  | { readonly kind: 'tuple'; readonly items: readonly Target[] };

/** A macro, or a block that is called like a macro. */
export interface MacroNode {
  readonly name: string | undefined;
  readonly parameters: readonly { readonly name: string; readonly otherwise: Expression | undefined }[];
  readonly body: readonly Statement[];
  /** Which of `caller`, `kwargs` and `varargs` the body reads. */
  readonly reads: ReadonlySet<string>;
}

type Body = readonly Statement[];

/** A statement of a template. */
export type Statement = { readonly line: number } & (
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'output'; readonly items: readonly Expression[] }
  | { readonly kind: 'if'; readonly test: Expression; readonly body: Body; readonly otherwise: Body }
  | ForNode
  | { readonly kind: 'set'; readonly target: Target; readonly value: Expression }
  | {
      readonly kind: 'set block';
      readonly target: Target;
      readonly filter: Expression | undefined;
      readonly body: Body;
    }
  | { readonly kind: 'macro'; readonly macro: MacroNode }
  | { readonly kind: 'call block'; readonly call: Expression & { kind: 'call' }; readonly caller: MacroNode }
  | { readonly kind: 'filter block'; readonly filter: Expression; readonly body: Body }
  | { readonly kind: 'with'; readonly values: readonly (readonly [Target, Expression])[]; readonly body: Body }
  | { readonly kind: 'block'; readonly name: string; readonly scoped: boolean }
  | { readonly kind: 'generation'; readonly body: Body }
  | { readonly kind: 'break' | 'continue' }
  | { readonly kind: 'foreign'; readonly tag: string }
);

/** A loop. */
export interface ForNode {
  readonly kind: 'for';
  readonly target: Target;
  readonly over: Expression;
  readonly test: Expression | undefined;
  readonly recursive: boolean;
  readonly body: Body;
  readonly otherwise: Body;
}

/** A whole template, with its blocks by name. */
export interface TemplateNode {
  readonly body: Body;
  readonly blocks: ReadonlyMap<string, Body>;
}
