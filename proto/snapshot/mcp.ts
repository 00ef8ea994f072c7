/**
 * A route that speaks MCP (Model Context Protocol): what it offers as tools, each of which is a request to another route of the same
 * gateway. Everything is resolved: schemas, paths, and which route it is.
 */

export type JsonSchemaSpec = Readonly<Record<string, unknown>>;

export interface McpRouteSpec {
  readonly kind: 'mcp';
  /** What clients are told of it. */
  readonly name: string;
  /** For models; empty: none. */
  readonly instructions: string;
  /** In the order in which they are listed. */
  readonly tools: readonly McpToolSpec[];
  /** Pages that may ask (as in CORS); who sends no Origin is no browser, and passes. */
  readonly origins: readonly string[];
  /** While a tool runs, its client hears of it this often, where it takes a stream; 0: never. */
  readonly heartbeatMs: number;
  /** Longest answer of a tool's route. */
  readonly answerBytesMax: number;
}

export interface McpToolSpec {
  readonly name: string;
  /** For people; empty: its name. */
  readonly title: string;
  readonly description: string;
  /** JSON Schema 2020-12 of an object. */
  readonly input: JsonSchemaSpec;
  /** Likewise; null: the result is text. */
  readonly output: JsonSchemaSpec | null;
  /** `readOnlyHint`, `destructiveHint`, …; what is not said is not sent. */
  readonly hints: Readonly<Record<string, boolean>>;
  readonly call: McpCallSpec;
}

/** The request that a call becomes. */
export interface McpCallSpec {
  /** Id of the route that takes it. */
  readonly route: string;
  readonly method: string;
  /** Empty: that of the caller's request. */
  readonly host: string;
  /** `{name}` is the place of an argument. */
  readonly path: string;
  /** Arguments that are parameters of the query. */
  readonly query: readonly string[];
  /** What all other arguments are: parameters too, members of a JSON body, or inputs of a prompt. */
  readonly rest: 'query' | 'body' | 'inputs';
}
