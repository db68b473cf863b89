/** What is sold and measured: products, meters, aggregations. */
export { product } from './product.ts';
