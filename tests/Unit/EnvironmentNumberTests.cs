using NUnit.Framework;

namespace GovChain.Tests.Unit;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class EnvironmentNumberTests
{
    private const string Name = "GOVCHAIN_TEST_NUMBER";

    [TearDown]
    public void Forget() => Environment.SetEnvironmentVariable(Name, null);

    [TestCase(null, null)]
    [TestCase("", null)]
    [TestCase("0", 0)]
    [TestCase("-7", -7)]
    [TestCase("2147483647", 2147483647)]
    public void Read_NumberOrNothing_IsTaken(string? text, int? number)
    {
        Environment.SetEnvironmentVariable(Name, text);
        Assert.That(EnvironmentNumber.Read(Name), Is.EqualTo(number));
    }

    [TestCase("abc", int.MinValue)]
    [TestCase("6O", int.MinValue)]
    [TestCase("1.5", int.MinValue)]
    [TestCase("1,000", int.MinValue)]
    [TestCase(" ", int.MinValue)]
    [TestCase("2147483648", int.MinValue)]
    [TestCase("0", 1)]
    public void Read_SomethingElse_IsRefusedByName(string text, int least)
    {
        Environment.SetEnvironmentVariable(Name, text);
        Assert.That(() => EnvironmentNumber.Read(Name, least), Throws.TypeOf<FormatException>().With.Message.Contains($"{Name}='{text}'"));
    }
}
