using GovChain.Core.Cryptography;
using GovChain.Core.Cryptography.Engine;

namespace GovChain.Node.Signatures;

/// <summary>
/// The engine, watched by the platform's ECDSA: a random share of all verdicts, or every one, is asked for twice. Where the
/// two disagree nothing is answered, and whoever listens is told to stop.
/// </summary>
/// <remarks>
/// Both apply the low-s rule, the platform's verifier before it asks the platform, so what is compared is the curve's
/// verdict. Safe from any thread. The share is drawn with the process's random numbers: who submits signatures cannot
/// know which are looked at.
/// </remarks>
internal sealed class GuardedVerifier : ISignatureVerifier, IDisposable
{
    /// <summary>One in so many verdicts is asked for twice in a node: some 10 % of the time that they take.</summary>
    public const int NodeShare = 512;

    private readonly ISignatureVerifier _engine;
    private readonly string _name, _wayOut;
    private readonly int _oneIn;
    private readonly PlatformSignatureVerifier _platform = new();
    private long _compared;

    /// <summary>Watches an engine.</summary>
    /// <param name="engine">What answers.</param>
    /// <param name="oneIn">One in so many verdicts is compared; 1: every one.</param>
    /// <param name="wayOut">What people can do until a disagreement is explained.</param>
    public GuardedVerifier(EngineVerifier engine, int oneIn, string wayOut)
        : this(engine, $"the signature engine ({engine.Path})", oneIn, wayOut)
    {
    }

    /// <summary>Watches any verifier.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The share is not positive.</exception>
    internal GuardedVerifier(ISignatureVerifier engine, string name, int oneIn, string wayOut)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(oneIn);
        (_engine, _name, _oneIn, _wayOut) = (engine, name, oneIn, wayOut);
    }

    /// <summary>Told when the two disagree, before the exception leaves; perhaps from several threads.</summary>
    public Action<FatalNodeException>? Disagreed { get; set; }

    /// <summary>Verdicts that were asked for twice.</summary>
    public long Compared => Interlocked.Read(ref _compared);

    /// <inheritdoc/>
    /// <exception cref="FatalNodeException">The engine and the platform disagree; no verdict may be used.</exception>
    public void Verify(ReadOnlySpan<SignatureCheck> checks, Span<bool> results)
    {
        _engine.Verify(checks, results);
        for (int i = 0; i < checks.Length; i++)
        {
            if (_oneIn == 1 || Random.Shared.Next(_oneIn) == 0)
                Compare(in checks[i], results[i]);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _platform.Dispose();

    private void Compare(in SignatureCheck check, bool verdict)
    {
        Interlocked.Increment(ref _compared);
        if (_platform.VerifyOne(check) == verdict)
            return;
        static string Word(bool valid) => valid ? "valid" : "not valid";
        var failure = new FatalNodeException(
            $"Two verifiers disagree on a signature: {_name} says {Word(verdict)}, the platform's ECDSA says {Word(!verdict)}. "
            + $"Signer {check.Signer}, digest {check.Digest}, signature {check.Signature}. Neither is believed. Keep this line "
            + $"for a report, look for faulty memory or processor, and until it is explained {_wayOut}.");
        Disagreed?.Invoke(failure);
        throw failure;
    }
}
