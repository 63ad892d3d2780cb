/*
 * replay.c - runs a target on files, without libFuzzer: record FILE ... Any compiler will do. This is how the
 * tests look whether all that was ever found stays mended.
 */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>

int
main(int argc, char **argv)
{
    enum { MAX = 1 << 20 };
    uint8_t *data = malloc(MAX);

    for (int i = 1; i < argc && data != NULL; i++) {
        FILE *file = fopen(argv[i], "re");
        uint8_t *exact;
        size_t size;

        fprintf(stderr, "%s\n", argv[i]);
        if (file == NULL) {
            perror("open");
            free(data);
            return 1;
        }
        size = fread(data, 1, MAX, file);
        fclose(file);
        exact = (uint8_t *)copy_text(data, size); /* so that nothing readable is behind it */
        LLVMFuzzerTestOneInput(exact, size);
        free(exact);
    }
    free(data);
    printf("%d inputs\n", argc - 1);
    return 0;
}
