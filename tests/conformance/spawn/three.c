/* A program that ends with 3. */
int main(void)
{
	return 3;
}
