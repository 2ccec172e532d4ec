namespace GovChain.Node.Signatures;

/// <summary>What verifies signatures.</summary>
internal enum SignatureEngine
{
    /// <summary>The project's engine, on the fastest path of this processor.</summary>
    Auto,

    /// <summary>The engine in ordinary registers.</summary>
    Portable,

    /// <summary>The engine with AVX2.</summary>
    Avx2,

    /// <summary>The engine with AVX-512.</summary>
    Avx512,

    /// <summary>The platform's ECDSA alone, some forty times slower: the engine only decompresses keys, each root checked by squaring it.</summary>
    Platform,
}
