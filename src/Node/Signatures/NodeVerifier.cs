using System.Security.Cryptography;
using GovChain.Core.Cryptography;
using GovChain.Core.Cryptography.Engine;
using GovChain.Core.Execution;
using GovChain.Core.Model;
using GovChain.Node.Commands;

namespace GovChain.Node.Signatures;

/// <summary>The one verifier of a process: the engine that was asked for, tested, and watched.</summary>
internal sealed class NodeVerifier : IDisposable
{
    private readonly EngineVerifier? _engine;
    private readonly IDisposable _owned;

    /// <summary>Takes over what answers.</summary>
    /// <param name="verifier">What answers; disposed with this.</param>
    /// <param name="engine">The engine in it; null where there is none.</param>
    internal NodeVerifier(ISignatureVerifier verifier, EngineVerifier? engine) =>
        (Verifier, _engine, _owned) = (verifier, engine, (IDisposable)verifier);

    /// <summary>What answers; safe from any thread.</summary>
    public ISignatureVerifier Verifier { get; }

    /// <summary>What it is, for logs and reports.</summary>
    public string Name => _engine?.Path.ToString() ?? nameof(SignatureEngine.Platform);

    /// <summary>Signers with a table now.</summary>
    public int Enrolled => _engine?.Enrolled ?? 0;

    /// <summary>Chooses, tests and watches an engine.</summary>
    /// <param name="choice">What to use.</param>
    /// <param name="oneIn">One in so many verdicts is asked of the platform, too; 1: every one.</param>
    /// <exception cref="CommandException">The processor lacks what was asked for, or the engine gives wrong answers on it.
    /// </exception>
    public static NodeVerifier Open(EngineChoice choice, int oneIn) => Open(choice, oneIn, EngineSelfTest.Run);

    /// <summary>The same with another self-test.</summary>
    /// <param name="choice">What to use.</param>
    /// <param name="oneIn">One in so many verdicts is asked of the platform, too; 1: every one.</param>
    /// <param name="selfTest">What is wrong with a path; null: nothing.</param>
    internal static NodeVerifier Open(EngineChoice choice, int oneIn, Func<EnginePath, string?> selfTest)
    {
        if (choice.Engine == SignatureEngine.Platform)
            return Platform();
        EnginePath path = choice.Engine switch
        {
            SignatureEngine.Portable => EnginePath.Portable,
            SignatureEngine.Avx2 => EnginePath.Avx2,
            SignatureEngine.Avx512 => EnginePath.Avx512,
            _ => EnginePaths.Best,
        };
        if (!EnginePaths.IsSupported(path))
        {
            throw new CommandException(StartFailure.SignatureEngineUnusable,
                $"{choice.Name}: this processor has no {path}. \"{nameof(SignatureEngine.Auto)}\" takes the fastest that it has.");
        }
        if (selfTest(path) is { } wrong)
        {
            throw new CommandException(StartFailure.SignatureEngineUnusable,
                $"The signature engine gives wrong answers on this machine: {wrong}. Look for faulty memory or processor. "
                + $"Until then {choice.WayOut}.");
        }
        return Watched(path, oneIn, choice);
    }

    /// <summary>
    /// For the few signatures of a file: each is asked of the engine and of the platform. The portable path, untested: a test
    /// and the compiling of vectors take some tenths of a second, and no verdict is believed that the platform does not share.
    /// </summary>
    /// <param name="choice"><see cref="SignatureEngine.Platform"/> does without the engine's verdicts here, too.</param>
    public static NodeVerifier ForFile(EngineChoice choice) => choice.Engine == SignatureEngine.Platform
        ? Platform() : Watched(EnginePath.Portable, oneIn: 1, choice);

    /// <summary>The same where nobody chose.</summary>
    public static NodeVerifier ForFile() => ForFile(EngineChoice.Fixed);

    /// <summary>Builds the tables of departments: each of them signs every block of its epoch.</summary>
    public void Enrol(ValidatorSet departments)
    {
        if (_engine is null)
            return;
        foreach (Validator department in departments.Members)
            _engine.Enrol(department.Key);
    }

    /// <summary>The departments that vote from here on get their tables, and another runtime answers for what is verified.</summary>
    /// <param name="history">Whose newest set votes.</param>
    /// <param name="stop">Told when engine and platform disagree; nobody who was to be told before is.</param>
    public void BeginEpoch(ValidatorHistory history, Action<Exception> stop)
    {
        if (Verifier is GuardedVerifier guarded)
            guarded.Disagreed = stop;
        Enrol(history.Acting);
    }

    /// <inheritdoc/>
    public void Dispose() => _owned.Dispose();

    private static NodeVerifier Platform() => new(new PlatformSignatureVerifier(), engine: null);

    private static NodeVerifier Watched(EnginePath path, int oneIn, EngineChoice choice)
    {
        var engine = new EngineVerifier(path, seed: BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(sizeof(ulong))));
        return new NodeVerifier(new GuardedVerifier(engine, oneIn, choice.WayOut), engine);
    }
}
