using GovChain.Node.Commands;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Operation;

/// <summary>Ctrl-C and SIGTERM end a command in order, however often they come and whatever stands in the way.</summary>
internal sealed class TerminationTests
{
    private static readonly TimeSpan Long = TimeSpan.FromMinutes(10);

    [Test]
    public async Task Signals_ThatComeAgain_LeaveTheCommandItsOwnEnd()
    {
        using var termination = new Termination(Long);
        var ends = new TaskCompletionSource<int>();
        Task<int> running = termination.RunAsync(async cancellation =>
        {
            await Task.Delay(Timeout.Infinite, cancellation).ContinueWith(static _ => { }, TaskScheduler.Default);
            return await ends.Task;
        });
        termination.Request(ExitCode.Interrupted);
        termination.Request(ExitCode.Interrupted);
        ends.SetResult(ExitCode.Ok);
        Assert.That(await running, Is.EqualTo(ExitCode.Ok));
        Assert.That(() => termination.Request(143), Throws.Nothing, "one that comes when all is over");
    }

    [Test]
    public async Task Callback_ThatThrows_DoesNotEndTheProcess()
    {
        using var termination = new Termination(Long);
        TaskCompletionSource told = new(), listens = new();
        Task<int> running = termination.RunAsync(async cancellation =>
        {
            using CancellationTokenRegistration other = cancellation.Register(told.SetResult);
            using CancellationTokenRegistration bad = cancellation.Register(static () => throw new InvalidOperationException("by a callback"));
            listens.SetResult();
            await told.Task;
            return ExitCode.Interrupted;
        });
        await listens.Task;
        Assert.That(() => termination.Request(ExitCode.Interrupted), Throws.Nothing);
        Assert.That(await running, Is.EqualTo(ExitCode.Interrupted));
    }

    /// <summary>As one does that reads a pipe to which nobody writes: it never comes to wait for its token.</summary>
    [Test]
    public async Task Command_ThatHoldsItsThread_IsLeftWithTheSignalsCode()
    {
        using var termination = new Termination(Long);
        using var held = new ManualResetEventSlim();
        Task<int> running = termination.RunAsync(_ =>
        {
            held.Wait(TimeSpan.FromMinutes(5));
            return Task.FromResult(ExitCode.Ok);
        });
        termination.Request(143);
        Assert.That(await running, Is.EqualTo(143));
        held.Set();
    }

    [Test]
    public async Task Command_ThatDoesNotEnd_IsLeftWithTheSignalsCode()
    {
        using var termination = new Termination(TimeSpan.Zero);
        Task<int> running = termination.RunAsync(static _ => new TaskCompletionSource<int>().Task);
        termination.Request(143);
        Assert.That(await running, Is.EqualTo(143));
    }
}
