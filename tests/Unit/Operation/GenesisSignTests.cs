using System.CommandLine;
using Google.Protobuf;
using GovChain.Client.Keys;
using GovChain.Core.Execution;
using GovChain.Node.Commands;
using GovChain.Tests.Unit.Execution;
using GovChain.Tests.Unit.Keys;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Operation;

/// <summary>
/// Goal: no signature of a department is lost, and no genesis file is ever a part of one. Method: <c>genesis sign</c> of both departments
/// of a ledger at the same moment, with real key files, again and again.
/// </summary>
public sealed class GenesisSignTests
{
    private const int Rounds = 10;
    private const int QuickKeyRounds = 10;

    [Test]
    public async Task Sign_ByAllDepartmentsAtOnce_KeepsEverySignature()
    {
        using var directory = new TempDirectory();
        PlatformSigner[] signers = [PlatformSigner.Create(), PlatformSigner.Create()];
        string[] keys = [directory["0.pem"], directory["1.pem"]];
        string passphraseFile = directory["passphrase"], file = directory["genesis.json"];
        await File.WriteAllTextAsync(passphraseFile, "correct horse");
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(passphraseFile, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        Genesis genesis = new TestLedger(body =>
        {
            for (int i = 0; i < signers.Length; i++)
                body.Departments[i].ValidatorKey = ByteString.CopyFrom(signers[i].PublicKey.Span);
        }).Genesis;
        using (var passphrase = new Passphrase("correct horse"))
        {
            for (int i = 0; i < signers.Length; i++)
                KeyFile.Create(keys[i], signers[i], passphrase, QuickKeyRounds);
        }
        byte[] unsigned = new GenesisFile(genesis, []).ToBytes();
        for (int round = 0; round < Rounds; round++)
        {
            await File.WriteAllBytesAsync(file, unsigned);
            using var start = new Barrier(keys.Length);
            await Task.WhenAll(keys.Select(key => Task.Run(async () =>
            {
                start.SignalAndWait();
                int code = await GenesisCommand.Create().Parse(["sign", file, "--key", key, "--passphrase-file", passphraseFile])
                    .InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
                Assert.That(code, Is.EqualTo(ExitCode.Ok));
            })));
            GenesisFile? signed = GenesisFile.TryRead(await File.ReadAllBytesAsync(file), out GenesisFailure? failure);
            Assert.That(signed, Is.Not.Null, failure?.Message);
            Assert.That(signed!.Signatures, Has.Count.EqualTo(2), $"round {round}");
        }
        foreach (PlatformSigner signer in signers)
            signer.Dispose();
    }
}
