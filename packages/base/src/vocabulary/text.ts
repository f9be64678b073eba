import type { Json } from '../json.js';

/** One turn of a conversation. */
export interface Message {
  /** The speaker by the name in the model's chat template: `system`, `user`, `assistant`, `tool`, … */
  readonly role: string;
  /** A text, a list of parts (`{ type: 'text', text }`), or null when the message only calls tools. */
  readonly content: string | null | readonly Json[];
  /** Other keys for the chat template: `tool_calls`, `name`, `reasoning_content`, …; never null. */
  readonly [key: string]: Json;
}

/** A prompt or an answer: plain text, or chat messages that go through the model's chat template. */
export type Text = string | readonly Message[];

/** Variables of a chat template besides the messages, by name: `tools`, and the variables of a row. */
export type TemplateVariables = Readonly<Record<string, Json>>;

/** A row's inputs for the chat template besides its messages. Only rows of conversations have them. */
export interface TemplateInputs {
  /** The tools that the model may call, as JSON schemas: the template's variable `tools`. Absent when there are none. */
  readonly tools?: readonly Json[];
  /** Other variables of the template, by name: the column `chat_template_kwargs`. */
  readonly templateVariables?: TemplateVariables;
}
