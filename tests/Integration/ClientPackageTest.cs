using System.IO.Compression;
using System.Reflection;
using GovChain.Core.Cryptography;
using GovChain.Core.Verification;
using GovChain.Node.Devnet;
using NUnit.Framework;

namespace GovChain.Tests.Integration;

/// <summary>
/// Goal: another department's developer, who has the packages and no checkout, can record and verify. Method: the library is packed, the
/// example outside the checkout restored from the packages alone, built, and run against a network.
/// </summary>
[TestFixture]
internal sealed class ClientPackageTest
{
    private static readonly string Checkout = CheckoutOf(AppContext.BaseDirectory);

    [Test]
    [CancelAfter(600_000)]
    [Category(TestGroup.Operating)]
    public async Task Example_RestoredFromThePackages_RecordsVerifiesReadsProvenAndIsRefused(CancellationToken cancellation)
    {
        await using TestNetwork network = await TestNetwork.StartAsync(cancellation, count: 1);
        await network.DefineTypeAsync(0, "business-licence", cancellation);
        DevnetDepartment self = network.Network.Departments[0];
        string packages = network.Layout.At("packages"), receipt = network.Layout.At("receipt.json");

        string configuration = Assembly.GetExecutingAssembly().GetCustomAttribute<AssemblyConfigurationAttribute>()!.Configuration;
        await RunAsync(Path.Combine(Checkout, "ops", "pack"), "--output", packages, "--no-build", configuration);
        AssertWhole(Directory.GetFiles(packages, "GovChain.Client.*.nupkg").Single());
        string program = await BuildExampleAsync(network.Layout.At("example"), packages);
        ProgramRun run = await RunAsync(
            "dotnet", program, $"https://localhost:{self.ClientPort}", network.Layout.AuthorityCertificate, network.ChainId.ToString(),
            network.Layout.At(self.Id, $"{DevnetBuilder.Clerk}.pem"), network.Layout.At(self.Id, "passphrase"), receipt);

        Assert.That(run.Output, Does.Match("business-licence/SHOP-[0-9a-f]{32} has version 2, block [0-9]+, signed by "));
        Assert.That(run.Output, Does.Match("""proven as of block [0-9]+: version 2, \{"name":"Bakery and Cafe"\}"""));
        Assert.That(run.Output, Does.Contain("refused: VERSION_CONFLICT, for the current version is 2"));
        using var verifier = new PlatformSignatureVerifier();
        Assert.That(
            ReceiptVerifier.Verify(await File.ReadAllBytesAsync(receipt, cancellation), network.ChainId, verifier, out _)?.Transaction.Body.Amend,
            Is.Not.Null);
    }

    /// <summary>As on a machine without the checkout. What others made is taken from where the build of these tests restored it.</summary>
    private static async Task<string> BuildExampleAsync(string folder, string packages)
    {
        Directory.CreateDirectory(folder);
        foreach (string name in (string[])["Program.cs", "Records.csproj"])
            File.Copy(Path.Combine(Checkout, "tools", "examples", "client", name), Path.Combine(folder, name));
        string restored = Environment.GetEnvironmentVariable("NUGET_PACKAGES")
            ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");
        await RunAsync(
            "dotnet", "build", Path.Combine(folder, "Records.csproj"), "-o", Path.Combine(folder, "built"), "-warnaserror", "--disable-build-servers",
            $"-p:RestoreSources={packages}", $"-p:RestorePackagesPath={Path.Combine(folder, "restored")}", $"-p:RestoreFallbackFolders={restored}");
        return Path.Combine(folder, "built", "Records.dll");
    }

    private static void AssertWhole(string package)
    {
        using ZipArchive archive = ZipFile.OpenRead(package);
        Assert.That(
            archive.Entries.Select(static e => e.FullName),
            Is.SupersetOf(new[] { "README.md", "lib/net10.0/GovChain.Client.dll", "lib/net10.0/GovChain.Client.xml" }));
        using var specification = new StreamReader(archive.GetEntry("GovChain.Client.nuspec")!.Open());
        string text = specification.ReadToEnd();
        Assert.That(text, Does.Contain("<license type=\"expression\">Apache-2.0</license>").And.Contain("<readme>README.md</readme>"));
        foreach (string needed in (string[])["GovChain.Core", "GovChain.Protos", "Grpc.Net.Client"])
            Assert.That(text, Does.Contain($"<dependency id=\"{needed}\""));
    }

    private static async Task<ProgramRun> RunAsync(string program, params string[] arguments)
    {
        ProgramRun run = await ProgramRun.RunAsync(program, arguments);
        Assert.That(run.ExitCode, Is.Zero, $"{program} {string.Join(' ', arguments)}\n{run.Output}{run.Error}");
        return run;
    }

    private static string CheckoutOf(string folder) =>
        File.Exists(Path.Combine(folder, "GovChain.sln")) ? folder : CheckoutOf(Path.GetDirectoryName(folder)!);
}
