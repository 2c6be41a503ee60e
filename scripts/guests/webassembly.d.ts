/** What the guests' build asks of a core module; the rest is declared beside the linker. */
declare namespace WebAssembly {
  namespace Module {
    function imports(module: Module): { readonly module: string; readonly name: string }[];
    function exports(module: Module): { readonly name: string }[];
  }
}
