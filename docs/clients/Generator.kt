// Images of a generator that tfgan exported, on Android. In app/build.gradle.kts:
//
//     dependencies { implementation("com.google.ai.edge.litert:litert:2.3.0") }
//
// The .tflite file lies in src/main/assets.

import android.content.res.AssetManager
import android.graphics.Bitmap
import com.google.ai.edge.litert.Accelerator
import com.google.ai.edge.litert.CompiledModel
import com.google.ai.edge.litert.Model
import kotlin.math.cos
import kotlin.math.ln
import kotlin.math.max
import kotlin.math.sin
import kotlin.math.sqrt

/** Runs one file; not for several threads at once. `conditional`: whether it takes labels. */
class Generator(assets: AssetManager, file: String, private val conditional: Boolean) : AutoCloseable {
    private val model = Model.load(assets, file)
    private val compiled = CompiledModel.create(model, CompiledModel.Options(Accelerator.CPU))
    private val latents = compiled.createInputBuffer("latents", SIGNATURE)
    private val condition =
        if (conditional) compiled.createInputBuffer("condition", SIGNATURE) else null
    private val images = compiled.createOutputBuffer("images", SIGNATURE)
    private val latentDim = model.getInputTensorType("latents", SIGNATURE).layout!!.dimensions[1]
    private val imageShape = model.getOutputTensorType("images", SIGNATURE).layout!!.dimensions

    /** The image of a seed: that of `gan.sample(1, condition=[label], seed=seed)`, prior N(0, 1). */
    fun generate(seed: Long, label: Int? = null): Bitmap {
        require(seed >= 0) { "expected a seed of at least 0, got $seed" }
        require(conditional == (label != null)) { "expected a label of a conditional generator only" }
        latents.writeFloat(drawLatents(latentDim, seed))
        condition?.writeInt(intArrayOf(label!!))
        val inputs = mutableMapOf("latents" to latents)
        condition?.let { inputs["condition"] = it }
        compiled.run(inputs, mapOf("images" to images), SIGNATURE) // throws if the label is unknown
        return bitmap(images.readFloat())
    }

    private fun bitmap(values: FloatArray): Bitmap {
        val (_, height, width, channels) = imageShape
        fun level(pixel: Int, channel: Int) =
            (255 * values[pixel * channels + channel % channels] + 0.5f).toInt().coerceIn(0, 255)
        val colours = IntArray(height * width) {
            0xFF shl 24 or (level(it, 0) shl 16) or (level(it, 1) shl 8) or level(it, 2)
        }
        return Bitmap.createBitmap(colours, width, height, Bitmap.Config.ARGB_8888)
    }

    override fun close() {
        listOfNotNull(latents, condition, images, compiled, model).forEach { it.close() }
    }

    private companion object {
        const val SIGNATURE = "serving_default" // images in [0, 1]
    }
}

private const val LOW = 0xFFFFFFFFL
private const val SAMPLE_STREAM = 3L shl 48 // of what is sampled, as opposed to trained on

/** Philox4x32-10: four uint32 of a counter and a key, all as Longs. */
private fun philox(key: LongArray, counter: LongArray): LongArray {
    var (x0, x1, x2, x3) = counter
    var (key0, key1) = key
    repeat(10) {
        val a = 0xD2511F53L * x0
        val b = 0xCD9E8D57L * x2
        x0 = (b ushr 32) xor x1 xor key0
        x2 = (a ushr 32) xor x3 xor key1
        x1 = b and LOW
        x3 = a and LOW
        key0 = (key0 + 0x9E3779B9L) and LOW
        key1 = (key1 + 0xBB67AE85L) and LOW
    }
    return longArrayOf(x0, x1, x2, x3)
}

/** N(0, 1) as `gan.draw_latents` draws it: TensorFlow's stateless random numbers, "philox". */
fun drawLatents(count: Int, seed: Long): FloatArray {
    val words = longArrayOf(seed and LOW, seed ushr 32, SAMPLE_STREAM and LOW, SAMPLE_STREAM ushr 32)
    val mixed = philox(longArrayOf(0x3EC8F720L, 0x02461E29L), words)
    val values = FloatArray(count)
    for (i in 0 until count) {
        val x = philox(longArrayOf(mixed[0], mixed[1]), longArrayOf(i / 4L, 0, mixed[2], mixed[3]))
        val radius = sqrt(-2 * ln(max(unit(x[i and 2]), 1e-7f)))
        val angle = (2 * Math.PI * unit(x[i and 2 or 1])).toFloat()
        values[i] = radius * if (i % 2 == 0) sin(angle) else cos(angle)
    }
    return values
}

/** [0, 1), by the mantissa of a float in [1, 2). */
private fun unit(bits: Long) = Float.fromBits((bits and 0x7FFFFF or 0x3F800000).toInt()) - 1
