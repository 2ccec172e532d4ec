using GovChain.Core.Cryptography;
using GovChain.Core.Cryptography.Engine;
using GovChain.Node.Commands;
using GovChain.Node.Configuration;

namespace GovChain.Node.Signatures;

/// <summary>The one verifier of a process: the engine that was asked for, tested, and watched.</summary>
internal sealed class NodeVerifier : IDisposable
{
    private readonly IDisposable _owned;

    private NodeVerifier(ISignatureVerifier verifier, string name) =>
        (Verifier, Name, _owned) = (verifier, name, (IDisposable)verifier);

    /// <summary>What answers; safe from any thread.</summary>
    public ISignatureVerifier Verifier { get; }

    /// <summary>What it is, for logs and reports.</summary>
    public string Name { get; }

    /// <summary>Chooses, tests and watches an engine.</summary>
    /// <param name="choice">What to use.</param>
    /// <param name="oneIn">One in so many verdicts is asked of the platform, too; 1: every one.</param>
    /// <param name="signers">Keys that will sign much: they get their tables now.</param>
    /// <exception cref="CommandException">The processor lacks what was asked for, or the engine gives wrong answers on it.
    /// </exception>
    public static NodeVerifier Open(SignatureEngine choice, int oneIn, IEnumerable<PublicKey> signers)
    {
        if (choice == SignatureEngine.Platform)
            return new NodeVerifier(new PlatformSignatureVerifier(), nameof(SignatureEngine.Platform));
        EnginePath path = choice switch
        {
            SignatureEngine.Portable => EnginePath.Portable,
            SignatureEngine.Avx2 => EnginePath.Avx2,
            SignatureEngine.Avx512 => EnginePath.Avx512,
            _ => EnginePaths.Best,
        };
        string setting = Settings.SignatureEngine.Path;
        if (!EnginePaths.IsSupported(path))
        {
            throw new CommandException(StartFailure.SignatureEngineUnusable,
                $"{setting}: this processor has no {path}. \"{nameof(SignatureEngine.Auto)}\" takes the fastest that it has.");
        }
        if (EngineSelfTest.Run(path) is { } wrong)
        {
            throw new CommandException(StartFailure.SignatureEngineUnusable,
                $"The signature engine gives wrong answers on this machine: {wrong}. Look for faulty memory or processor. "
                + $"{setting}: \"{nameof(SignatureEngine.Platform)}\" starts the node without the engine.");
        }
        var engine = new EngineVerifier(path);
        foreach (PublicKey signer in signers)
            engine.Enrol(signer);
        return new NodeVerifier(new GuardedVerifier(engine, oneIn), path.ToString());
    }

    /// <summary>
    /// For the few signatures of a file: each is asked of the engine and of the platform. The portable path, untested: a test
    /// and the compiling of vectors take some tenths of a second, and no verdict is believed that the platform does not share.
    /// </summary>
    /// <param name="choice"><see cref="SignatureEngine.Platform"/> does without the engine here, too.</param>
    public static NodeVerifier ForFile(SignatureEngine choice = SignatureEngine.Auto) => choice == SignatureEngine.Platform
        ? new NodeVerifier(new PlatformSignatureVerifier(), nameof(SignatureEngine.Platform))
        : new NodeVerifier(new GuardedVerifier(new EngineVerifier(EnginePath.Portable), oneIn: 1), nameof(EnginePath.Portable));

    /// <summary>Has <paramref name="stop"/> told when engine and platform disagree.</summary>
    public void OnDisagreement(Action<Exception> stop)
    {
        if (Verifier is GuardedVerifier guarded)
            guarded.Disagreed += stop;
    }

    /// <inheritdoc/>
    public void Dispose() => _owned.Dispose();
}
