using System.Security.Cryptography;

namespace GovChain.Core.Cryptography;

/// <summary>Verifies with the platform's own ECDSA (OpenSSL on Linux).</summary>
/// <remarks>
/// Importing a key costs a good part of a verification, so imported keys are kept, up to a bound. The platform does
/// not promise that one <see cref="ECDsa"/> may serve two threads, so an instance is lent to one caller at a time;
/// a signer that several threads verify at once simply owns several instances. The lock is held for look-ups, never
/// during a verification.
/// </remarks>
public sealed class PlatformSignatureVerifier : ISignatureVerifier, IDisposable
{
    /// <summary>How many imported keys are kept idle by default; about 3 KiB each.</summary>
    public const int DefaultIdleKeysMax = 4096;

    private readonly int _idleKeysMax;
    private readonly object _gate = new();
    private readonly Dictionary<PublicKey, Stack<ECDsa>> _idle = [];
    private int _idleCount;
    private bool _disposed;

    /// <summary>Keeps up to <paramref name="idleKeysMax"/> imported keys; all are let go when one more comes.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The bound is not positive.</exception>
    public PlatformSignatureVerifier(int idleKeysMax = DefaultIdleKeysMax)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(idleKeysMax);
        _idleKeysMax = idleKeysMax;
    }

    /// <inheritdoc/>
    /// <exception cref="ObjectDisposedException">The verifier has been disposed.</exception>
    public void Verify(ReadOnlySpan<SignatureCheck> checks, Span<bool> results)
    {
        if (checks.Length != results.Length)
            throw new ArgumentException($"{checks.Length} checks need as many results, not {results.Length}.");
        ObjectDisposedException.ThrowIf(_disposed, this);
        for (int i = 0; i < checks.Length; i++)
            results[i] = Verify(in checks[i]);
    }

    /// <summary>Lets all imported keys go.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _disposed = true;
            ReleaseIdle();
        }
    }

    private bool Verify(in SignatureCheck check)
    {
        if (!check.Signature.IsLowS)
            return false;
        ECDsa platform = Borrow(check.Signer);
        bool valid = platform.VerifyHash(
            check.Digest.Span, check.Signature.Span, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);
        Return(check.Signer, platform);
        return valid;
    }

    private ECDsa Borrow(PublicKey key)
    {
        lock (_gate)
        {
            if (_idle.TryGetValue(key, out Stack<ECDsa>? stack) && stack.TryPop(out ECDsa? platform))
            {
                _idleCount--;
                return platform;
            }
        }
        return Import(key);
    }

    private void Return(PublicKey key, ECDsa platform)
    {
        lock (_gate)
        {
            if (_idleCount >= _idleKeysMax)
                ReleaseIdle();
            if (_disposed)
            {
                platform.Dispose();
                return;
            }
            if (!_idle.TryGetValue(key, out Stack<ECDsa>? stack))
                _idle.Add(key, stack = new Stack<ECDsa>(1));
            stack.Push(platform);
            _idleCount++;
        }
    }

    private void ReleaseIdle()
    {
        foreach (Stack<ECDsa> stack in _idle.Values)
        {
            foreach (ECDsa platform in stack)
                platform.Dispose();
        }
        _idle.Clear();
        _idleCount = 0;
    }

    private static ECDsa Import(PublicKey key)
    {
        ReadOnlySpan<byte> point = key.Uncompressed;
        return ECDsa.Create(new ECParameters
        {
            Curve = ECCurve.CreateFromValue(Secp256k1.Oid),
            Q = new ECPoint { X = point[1..33].ToArray(), Y = point[33..].ToArray() },
        });
    }
}
