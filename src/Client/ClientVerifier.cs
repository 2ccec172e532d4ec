using System.Security.Cryptography;
using GovChain.Core.Cryptography;
using GovChain.Core.Cryptography.Engine;

namespace GovChain.Client;

/// <summary>
/// What verifies the signatures of receipts and proofs in this process: the engine's portable path, once its self-test has passed;
/// the platform's ECDSA where it does not. A receipt has a handful of signatures: compiling vectors for them would not pay.
/// </summary>
internal static class ClientVerifier
{
    // Departments of a few ledgers, who sign every answer; 32 KiB each.
    private const int TablesMax = 64;

    private static readonly Lazy<ISignatureVerifier> Shared = new(() => Open(EngineSelfTest.Run));

    /// <summary>Safe from any thread; never disposed.</summary>
    public static ISignatureVerifier Instance => Shared.Value;

    /// <summary>The same with another self-test.</summary>
    /// <param name="selfTest">What is wrong with a path; null: nothing.</param>
    internal static ISignatureVerifier Open(Func<EnginePath, string?> selfTest) => selfTest(EnginePath.Portable) is null
        ? new EngineVerifier(EnginePath.Portable, TablesMax, BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(sizeof(ulong))))
        : new PlatformSignatureVerifier();
}
