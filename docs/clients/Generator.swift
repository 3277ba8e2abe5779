// Images of a generator that tfgan exported, on iOS. In the Podfile:
//
//     use_frameworks!
//     pod 'TensorFlowLiteSwift', '~> 2.17.0'
//
// The .tflite file is a resource of the app: Bundle.main.path(forResource: "digits", ofType: "tflite").

import CoreGraphics
import Foundation
import TensorFlowLite

enum GeneratorError: Error {
    case invalidArgument(String)
    case unsupportedImage(shape: [Int])
}

/// Runs one file; not for several threads at once.
final class Generator {
    private let runner: SignatureRunner

    init(path: String) throws {
        runner = try Interpreter(modelPath: path).signatureRunner(with: "uint8")
    }

    /// The image of a seed: that of `gan.sample(1, condition=[label], seed=seed)`, prior N(0, 1).
    func generate(seed: Int64, label: Int32? = nil) throws -> CGImage {
        guard seed >= 0 else {
            throw GeneratorError.invalidArgument("expected a seed of at least 0, got \(seed)")
        }
        guard runner.inputs.contains("condition") == (label != nil) else {
            throw GeneratorError.invalidArgument("expected a label of a conditional generator only")
        }
        let latentDim = try runner.input(named: "latents").shape.dimensions[1]
        let latents = drawLatents(latentDim, seed: seed)
        var inputs = ["latents": latents.withUnsafeBytes { Data($0) }]
        if let label = label {
            inputs["condition"] = withUnsafeBytes(of: label) { Data($0) }
        }
        try runner.invoke(with: inputs)  // throws if the label is unknown
        let pixels = try runner.output(named: "pixels")
        return try image(pixels.data, shape: pixels.shape.dimensions)
    }
}

private func image(_ pixels: Data, shape: [Int]) throws -> CGImage {
    let (height, width, channels) = (shape[1], shape[2], shape[3])
    guard channels == 1 || channels == 3, let provider = CGDataProvider(data: pixels as CFData),
        let image = CGImage(
            width: width, height: height, bitsPerComponent: 8, bitsPerPixel: 8 * channels,
            bytesPerRow: width * channels,
            space: channels == 1 ? CGColorSpaceCreateDeviceGray() : CGColorSpaceCreateDeviceRGB(),
            bitmapInfo: CGBitmapInfo(rawValue: CGImageAlphaInfo.none.rawValue), provider: provider,
            decode: nil, shouldInterpolate: false, intent: .defaultIntent)
    else { throw GeneratorError.unsupportedImage(shape: shape) }
    return image
}

/// Philox4x32-10: four random words of a counter and a key.
private func philox(key: [UInt32], counter: [UInt32]) -> [UInt32] {
    var (key, x) = (key, counter)
    for _ in 0..<10 {
        let a = x[0].multipliedFullWidth(by: 0xD251_1F53)
        let b = x[2].multipliedFullWidth(by: 0xCD9E_8D57)
        x = [b.high ^ x[1] ^ key[0], b.low, a.high ^ x[3] ^ key[1], a.low]
        key = [key[0] &+ 0x9E37_79B9, key[1] &+ 0xBB67_AE85]
    }
    return x
}

/// N(0, 1) as `gan.draw_latents` draws it: TensorFlow's stateless random numbers, "philox".
func drawLatents(_ count: Int, seed: Int64) -> [Float] {
    let stream: Int64 = 3 << 48  // of what is sampled, as opposed to trained on
    let words = [seed, seed >> 32, stream, stream >> 32].map { UInt32(truncatingIfNeeded: $0) }
    let mixed = philox(key: [0x3EC8_F720, 0x0246_1E29], counter: words)
    return (0..<count).map { i in
        let x = philox(key: [mixed[0], mixed[1]], counter: [UInt32(i / 4), 0, mixed[2], mixed[3]])
        let radius = (-2 * logf(max(unit(x[i & 2]), 1e-7))).squareRoot()
        let angle = Float(2 * Double.pi * Double(unit(x[i & 2 | 1])))
        return radius * (i % 2 == 0 ? sinf(angle) : cosf(angle))
    }
}

/// [0, 1), by the mantissa of a float in [1, 2).
private func unit(_ bits: UInt32) -> Float {
    Float(bitPattern: bits & 0x7F_FFFF | 0x3F80_0000) - 1
}
