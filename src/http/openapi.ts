export function openApiDocument(basePath: string): unknown {
  return { openapi: '3.1.0', basePath }
}
