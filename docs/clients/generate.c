/* Draws one image with a generator that tfgan exported, by LiteRT's C API.
 *
 *     cc -std=c11 -O2 generate.c -o generate -L DIR -Wl,-rpath,DIR -lLiteRt -lm
 *     ./generate FILE.tflite OUT.pgm [SEED] [CONDITION] [PRIOR]
 *
 * DIR holds libLiteRt.so; the Python package ai-edge-litert brings it. CONDITION is a label, or the
 * numbers of a vector with commas between them; "" where the GAN has none. PRIOR is normal, uniform or
 * unit_uniform, what `noise` was in training. The image is that of
 * `gan.sample(1, condition, seed=SEED)`: grey as PGM, coloured as PPM. Any failure is exit code 1
 * without a file.
 */

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- what is used of LiteRT 2.3 ---- */

#define HANDLE(name) typedef struct name##T *name
HANDLE(LiteRtEnvironment);
HANDLE(LiteRtModel);
HANDLE(LiteRtSignature);
HANDLE(LiteRtTensor);
HANDLE(LiteRtOptions);
HANDLE(LiteRtCompiledModel);
HANDLE(LiteRtRequirements);
HANDLE(LiteRtBuffer);

enum { FLOAT32 = 1, INT32 = 2, UINT8 = 3 };         /* element types */
enum { CPU = 1, LOCK_TO_READ = 0, LOCK_TO_WRITE = 1 };

typedef struct {
    int32_t element;
    unsigned rank : 7;
    bool has_strides : 1;
    int32_t sizes[8];
    uint32_t strides[8];
} TensorType;
_Static_assert(sizeof(TensorType) == 72, "LiteRT's layout of a tensor's type");

int LiteRtCreateEnvironment(int, const void *, LiteRtEnvironment *);
int LiteRtCreateModelFromFile(LiteRtEnvironment, const char *, LiteRtModel *);
int LiteRtGetNumModelSignatures(LiteRtModel, size_t *);
int LiteRtGetModelSignature(LiteRtModel, size_t, LiteRtSignature *);
int LiteRtGetSignatureKey(LiteRtSignature, const char **);
int LiteRtGetNumSignatureInputs(LiteRtSignature, size_t *);
int LiteRtGetSignatureInputName(LiteRtSignature, size_t, const char **);
int LiteRtGetSignatureInputTensorByIndex(LiteRtSignature, size_t, LiteRtTensor *);
int LiteRtGetSignatureOutputTensorByIndex(LiteRtSignature, size_t, LiteRtTensor *);
int LiteRtGetRankedTensorType(LiteRtTensor, TensorType *);
int LiteRtCreateOptions(LiteRtOptions *);
int LiteRtSetOptionsHardwareAccelerators(LiteRtOptions, int);
int LiteRtCreateCompiledModel(LiteRtEnvironment, LiteRtModel, LiteRtOptions, LiteRtCompiledModel *);
int LiteRtGetCompiledModelInputBufferRequirements(LiteRtCompiledModel, size_t, size_t,
                                                  LiteRtRequirements *);
int LiteRtGetCompiledModelOutputBufferRequirements(LiteRtCompiledModel, size_t, size_t,
                                                   LiteRtRequirements *);
int LiteRtCreateManagedTensorBufferFromRequirements(LiteRtEnvironment, const TensorType *,
                                                    LiteRtRequirements, LiteRtBuffer *);
int LiteRtLockTensorBuffer(LiteRtBuffer, void **, int);
int LiteRtUnlockTensorBuffer(LiteRtBuffer);
int LiteRtRunCompiledModel(LiteRtCompiledModel, size_t, size_t, LiteRtBuffer *, size_t, LiteRtBuffer *);

#define FAIL(...) (fprintf(stderr, "generate: " __VA_ARGS__), fputc('\n', stderr), exit(1))
#define DO(call)                                                      \
    do {                                                              \
        int status = call;                                            \
        if (status) FAIL("%s: LiteRT status %d", #call, status);      \
    } while (0)

/* ---- latents: TensorFlow's stateless random numbers, algorithm "philox" ---- */

static void philox(uint32_t key0, uint32_t key1, uint32_t x[4]) {
    for (int round = 0; round < 10; round++) {
        uint64_t a = (uint64_t)0xD2511F53 * x[0], b = (uint64_t)0xCD9E8D57 * x[2];
        uint32_t next[4] = {(uint32_t)(b >> 32) ^ x[1] ^ key0, (uint32_t)b,
                            (uint32_t)(a >> 32) ^ x[3] ^ key1, (uint32_t)a};
        memcpy(x, next, sizeof next);
        key0 += 0x9E3779B9;
        key1 += 0xBB67AE85;
    }
}

static float unit(uint32_t bits) { /* [0, 1), by the mantissa of a float in [1, 2) */
    float value;
    bits = (bits & 0x7FFFFF) | 0x3F800000;
    memcpy(&value, &bits, sizeof value);
    return value - 1;
}

static void draw(const char *prior, uint64_t seed, size_t count, float *latents) {
    const uint64_t stream = (uint64_t)3 << 48; /* of what is sampled, as opposed to trained on */
    const bool normal = strcmp(prior, "normal") == 0, centred = strcmp(prior, "uniform") == 0;
    const float low = centred ? -sqrtf(3) : 0, high = centred ? sqrtf(3) : 1;
    uint32_t mixed[4] = {(uint32_t)seed, (uint32_t)(seed >> 32), (uint32_t)stream, stream >> 32};
    philox(0x3EC8F720, 0x02461E29, mixed);
    for (size_t start = 0; start < count; start += 4) {
        uint32_t x[4] = {(uint32_t)(start / 4), 0, mixed[2], mixed[3]};
        philox(mixed[0], mixed[1], x);
        for (size_t i = 0; i < 4 && start + i < count; i++) {
            float radius = sqrtf(-2 * logf(fmaxf(unit(x[i & 2]), 1e-7f)));
            float angle = (float)(2 * acos(-1) * unit(x[i | 1]));
            latents[start + i] = normal ? (i & 1 ? cosf(angle) : sinf(angle)) * radius
                                        : unit(x[i]) * (high - low) + low;
        }
    }
}

/* ---- the model ---- */

typedef struct {
    LiteRtEnvironment environment;
    LiteRtSignature signature;
    LiteRtCompiledModel compiled;
    size_t index; /* of the signature */
} Generator;

static Generator open_generator(const char *path, const char *wanted) {
    Generator generator;
    LiteRtModel model;
    LiteRtOptions options;
    size_t count;
    const char *key = "";
    DO(LiteRtCreateEnvironment(0, NULL, &generator.environment));
    if (LiteRtCreateModelFromFile(generator.environment, path, &model))
        FAIL("%s: cannot be read as a .tflite file", path);
    DO(LiteRtGetNumModelSignatures(model, &count));
    for (size_t i = 0; i < count && strcmp(key, wanted); i++) {
        generator.index = i;
        DO(LiteRtGetModelSignature(model, i, &generator.signature));
        DO(LiteRtGetSignatureKey(generator.signature, &key));
    }
    if (strcmp(key, wanted))
        FAIL("%s: has no signature \"%s\": export a generator of images with tfgan", path, wanted);
    DO(LiteRtCreateOptions(&options));
    DO(LiteRtSetOptionsHardwareAccelerators(options, CPU));
    DO(LiteRtCreateCompiledModel(generator.environment, model, options, &generator.compiled));
    return generator;
}

static LiteRtBuffer buffer_of(const Generator *generator, bool input, size_t i, TensorType *type) {
    LiteRtTensor tensor;
    LiteRtRequirements needs;
    LiteRtBuffer buffer;
    const size_t index = generator->index;
    if (input) {
        DO(LiteRtGetSignatureInputTensorByIndex(generator->signature, i, &tensor));
        DO(LiteRtGetCompiledModelInputBufferRequirements(generator->compiled, index, i, &needs));
    } else {
        DO(LiteRtGetSignatureOutputTensorByIndex(generator->signature, i, &tensor));
        DO(LiteRtGetCompiledModelOutputBufferRequirements(generator->compiled, index, i, &needs));
    }
    DO(LiteRtGetRankedTensorType(tensor, type));
    if (type->rank < 1 || type->sizes[0] != 1) FAIL("the batch must be 1: export with batch=1");
    DO(LiteRtCreateManagedTensorBufferFromRequirements(generator->environment, type, needs, &buffer));
    return buffer;
}

static size_t size_of(const TensorType *type) {
    size_t size = 1;
    for (unsigned i = 0; i < type->rank; i++) size *= (size_t)type->sizes[i];
    return size;
}

static void parse_condition(const char *text, const TensorType *type, void *memory) {
    const bool label = type->element == INT32;
    const size_t size = size_of(type);
    const char *next = text;
    for (size_t i = 0; i < size; i++) {
        char *end;
        double value = strtod(next, &end);
        bool whole = value > -1e9 && value < 1e9 && value == (int32_t)value;
        if (end == next || *end != (i + 1 < size ? ',' : 0) || (label && !whole))
            FAIL("the condition must be %zu %s, got \"%s\"", size, label ? "label" : "numbers", text);
        if (label) ((int32_t *)memory)[i] = (int32_t)value;
        else ((float *)memory)[i] = (float)value;
        next = end + 1;
    }
}

static void write_image(const char *path, const TensorType *type, const uint8_t *pixels) {
    const size_t size = size_of(type);
    const int channels = type->rank == 4 ? type->sizes[3] : 0;
    if (type->element != UINT8 || (channels != 1 && channels != 3))
        FAIL("only images of 1 or 3 channels can be written, got %d", channels);
    FILE *file = fopen(path, "wb");
    if (!file) FAIL("%s: %s", path, strerror(errno));
    fprintf(file, "P%c\n%d %d\n255\n", channels == 1 ? '5' : '6', type->sizes[2], type->sizes[1]);
    bool written = fwrite(pixels, 1, size, file) == size;
    if (fclose(file) || !written) {
        remove(path);
        FAIL("%s: cannot be written", path);
    }
}

int main(int argc, char **argv) {
    if (argc < 3 || argc > 6)
        FAIL("usage: generate FILE.tflite OUT.pgm [SEED] [CONDITION] [PRIOR]");
    const char *condition = argc > 4 ? argv[4] : "", *prior = argc > 5 ? argv[5] : "normal";
    const char *digits = argc > 3 ? argv[3] : "0";
    char *end;
    errno = 0;
    const int64_t seed = strtoll(digits, &end, 10);
    if (end == digits || *end || errno || seed < 0)
        FAIL("the seed must be a whole number from 0 to 2^63 - 1, got \"%s\"", digits);
    if (strcmp(prior, "normal") && strcmp(prior, "uniform") && strcmp(prior, "unit_uniform"))
        FAIL("the prior must be normal, uniform or unit_uniform, got \"%s\"", prior);

    Generator generator = open_generator(argv[1], "uint8");
    LiteRtBuffer inputs[2], output;
    TensorType type;
    void *memory;
    size_t count;
    DO(LiteRtGetNumSignatureInputs(generator.signature, &count));
    if (count > 2) FAIL("expected the inputs latents and condition, got %zu inputs", count);
    if (*condition && count < 2) FAIL("the GAN takes no condition, got \"%s\"", condition);
    for (size_t i = 0; i < count; i++) {
        const char *name;
        DO(LiteRtGetSignatureInputName(generator.signature, i, &name));
        inputs[i] = buffer_of(&generator, true, i, &type);
        DO(LiteRtLockTensorBuffer(inputs[i], &memory, LOCK_TO_WRITE));
        if (strcmp(name, "latents") == 0) draw(prior, (uint64_t)seed, size_of(&type), memory);
        else parse_condition(condition, &type, memory);
        DO(LiteRtUnlockTensorBuffer(inputs[i]));
    }
    output = buffer_of(&generator, false, 0, &type);
    if (LiteRtRunCompiledModel(generator.compiled, generator.index, count, inputs, 1, &output))
        FAIL("LiteRT refuses condition \"%s\": a label must be one that the GAN knows", condition);
    DO(LiteRtLockTensorBuffer(output, &memory, LOCK_TO_READ));
    write_image(argv[2], &type, memory);
    return 0;
}
