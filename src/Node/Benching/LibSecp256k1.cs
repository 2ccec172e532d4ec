using System.Runtime.InteropServices;
using GovChain.Core.Cryptography;

namespace GovChain.Node.Benching;

/// <summary>
/// Bitcoin Core's C library, where the system has it (Debian: <c>apt-get install libsecp256k1-1</c>): the yardstick of
/// <c>bench crypto</c>, and nothing else.
/// </summary>
internal sealed class LibSecp256k1
{
    private const uint ContextVerify = 0x101;
    private const int ParsedKeyBytes = 64, ParsedSignatureBytes = 64;

    private static readonly string[] Names = ["libsecp256k1.so.1", "libsecp256k1.so.2", "libsecp256k1.so.5", "libsecp256k1"];

    private readonly IntPtr _context;
    private readonly ParseKey _parseKey;
    private readonly ParseSignature _parseSignature;
    private readonly VerifySignature _verify;

    private LibSecp256k1(IntPtr library, string name)
    {
        Name = name;
        _parseKey = Function<ParseKey>(library, "secp256k1_ec_pubkey_parse");
        _parseSignature = Function<ParseSignature>(library, "secp256k1_ecdsa_signature_parse_compact");
        _verify = Function<VerifySignature>(library, "secp256k1_ecdsa_verify");
        _context = Function<CreateContext>(library, "secp256k1_context_create")(ContextVerify);
    }

    private delegate IntPtr CreateContext(uint flags);

    private delegate int ParseKey(IntPtr context, byte[] key, byte[] input, nuint length);

    private delegate int ParseSignature(IntPtr context, byte[] signature, byte[] input);

    private delegate int VerifySignature(IntPtr context, byte[] signature, byte[] digest, byte[] key);

    /// <summary>The file's name, which tells the interface's version.</summary>
    public string Name { get; }

    /// <summary>Loads it; null where the system does not have it.</summary>
    public static LibSecp256k1? TryLoad()
    {
        foreach (string name in Names)
        {
            if (NativeLibrary.TryLoad(name, out IntPtr library))
                return new LibSecp256k1(library, name);
        }
        return null;
    }

    /// <summary>Everything parsed ahead, as the library's fastest use has it.</summary>
    public Parsed Parse(in SignatureCheck check)
    {
        var parsed = new Parsed(
            check.Signer.ToArray(), new byte[ParsedKeyBytes], new byte[ParsedSignatureBytes], check.Digest.ToArray());
        return _parseKey(_context, parsed.Key, parsed.Compressed, (nuint)parsed.Compressed.Length) == 1
            && _parseSignature(_context, parsed.Signature, check.Signature.ToArray()) == 1
                ? parsed : throw new InvalidOperationException($"{Name} refused to parse a key or signature.");
    }

    /// <summary>Verifies with a key parsed ahead.</summary>
    public bool Verify(Parsed parsed) => _verify(_context, parsed.Signature, parsed.Digest, parsed.Key) == 1;

    /// <summary>Parses the compressed key, then verifies.</summary>
    public bool ParseAndVerify(Parsed parsed) =>
        _parseKey(_context, parsed.Key, parsed.Compressed, (nuint)parsed.Compressed.Length) == 1 && Verify(parsed);

    private static T Function<T>(IntPtr library, string name)
        where T : Delegate => Marshal.GetDelegateForFunctionPointer<T>(NativeLibrary.GetExport(library, name));

    /// <summary>One check in the library's forms.</summary>
    internal sealed record Parsed(byte[] Compressed, byte[] Key, byte[] Signature, byte[] Digest);
}
